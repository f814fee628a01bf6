"""Release 3.0.0: what was written before 2.0.0 gets its full name. 2.0.0, live, writes both."""

from alembic import op

revision, down_revision = "0003", "0002"


def upgrade():
    op.execute("UPDATE people SET full_name = name WHERE full_name IS NULL")
