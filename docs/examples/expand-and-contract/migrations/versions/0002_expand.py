"""Release 2.0.0: expand. The new column is there, and the old one may stay empty."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade():
    op.add_column("people", sa.Column("full_name", sa.String(200), nullable=True))
    op.alter_column("people", "name", existing_type=sa.String(100), nullable=True)
