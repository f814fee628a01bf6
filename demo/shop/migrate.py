"""Bring the schema up to date at boot; safe when two sets boot at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pymysql.cursors import Cursor

from shop.catalog import PRODUCTS
from shop.database import DatabaseError, connect_patiently, translated_errors
from shop.settings import DatabaseSettings

MIGRATIONS = Path(__file__).with_name("migrations")
PATIENCE = 30.0
LOCK_SECONDS = 60

logger = logging.getLogger("shop.migrate")


def migrate(settings: DatabaseSettings) -> None:
    """Apply each migration once, in order of its number, and fill an empty shop."""
    with (
        translated_errors(),
        closing(connect_patiently(settings, PATIENCE)) as connection,
        connection.cursor() as cursor,
    ):
        _wait_for_turn(cursor, f"shop.migrate.{settings.name}"[:64])
        for path in pending(sorted(MIGRATIONS.glob("*.sql")), _applied(cursor)):
            _apply(cursor, path)
        _seed(cursor)


def pending(files: Sequence[Path], applied: frozenset[str]) -> Sequence[Path]:
    """The files that are not applied yet; what a newer release has applied does not matter."""
    return [path for path in files if path.stem not in applied]


def statements(text: str) -> Sequence[str]:
    """The statements of a migration: each ends with a semicolon at the end of its line."""
    parts = (part.strip().removesuffix(";") for part in text.split(";\n"))
    return [part for part in parts if part]


def _wait_for_turn(cursor: Cursor, name: str) -> None:
    # Never released by hand: MySQL does it when the connection ends, however that happens.
    cursor.execute("SELECT GET_LOCK(%s, %s)", (name, LOCK_SECONDS))
    if cursor.fetchone() != (1,):
        raise DatabaseError(f"another release has been migrating for {LOCK_SECONDS} s")


def _applied(cursor: Cursor) -> frozenset[str]:
    # Asked first: CREATE TABLE IF NOT EXISTS would warn at every boot but the first.
    cursor.execute("SHOW TABLES LIKE 'schema_migrations'")
    if cursor.fetchone() is None:
        cursor.execute(
            "CREATE TABLE schema_migrations ("
            "name VARCHAR(100) PRIMARY KEY, "
            "applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        )
    cursor.execute("SELECT name FROM schema_migrations")
    return frozenset(str(name) for (name,) in cursor.fetchall())


def _apply(cursor: Cursor, path: Path) -> None:
    logger.info("applying migration %s", path.stem)
    for statement in statements(path.read_text(encoding="utf-8")):
        cursor.execute(statement)
    cursor.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (path.stem,))


def _seed(cursor: Cursor) -> None:
    cursor.execute("SELECT 1 FROM products LIMIT 1")
    if cursor.fetchone() is None:
        rows = [(product.id, product.name, product.price) for product in PRODUCTS]
        cursor.executemany("INSERT INTO products (id, name, price) VALUES (%s, %s, %s)", rows)
        logger.info("seeded %d products", len(rows))
