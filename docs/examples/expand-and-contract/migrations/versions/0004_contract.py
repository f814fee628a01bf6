"""Release 4.0.0: contract. Nobody knows the old column any more: 3.0.0, live, does not."""

from alembic import op

revision, down_revision = "0004", "0003"


def upgrade():
    op.drop_column("people", "name")
