"""Alembic, on the app's own database."""

from alembic import context
from database import engine

with engine().connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
