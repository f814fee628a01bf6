"""The shop's data in MySQL; the blocking driver runs in worker threads."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from shop.catalog import Product
from shop.database import Pool
from shop.store import Order


def search_term(keyword: str) -> str:
    """The keyword as one phrase, so that BOOLEAN MODE sees no operators in it."""
    return '"' + " ".join(keyword.replace('"', " ").split()) + '"'


class MySqlStore:
    """Products by full-text search, orders as rows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def products(self, keyword: str, limit: int) -> Sequence[Product]:
        """The first `limit` products, or those whose name holds `keyword`."""
        return await run_in_threadpool(self._products, keyword, limit)

    async def add_order(self, order: Order) -> int:
        """Keep the order and return its id."""
        return await run_in_threadpool(self._add_order, order)

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _products(self, keyword: str, limit: int) -> Sequence[Product]:
        with self._pool.cursor() as cursor:
            if keyword:
                cursor.execute(
                    "SELECT id, name, price FROM products"
                    " WHERE MATCH (name) AGAINST (%s IN BOOLEAN MODE) ORDER BY id LIMIT %s",
                    (search_term(keyword), limit),
                )
            else:
                cursor.execute("SELECT id, name, price FROM products ORDER BY id LIMIT %s", limit)
            return [Product(*row) for row in cursor.fetchall()]

    def _add_order(self, order: Order) -> int:
        with self._pool.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders (body_bytes, body_sha256, app_version) VALUES (%s, %s, %s)",
                (order.body_bytes, order.body_sha256, order.app_version),
            )
            return cursor.lastrowid
