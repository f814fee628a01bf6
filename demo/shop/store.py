"""What the endpoints need from a store, and the one that needs no database."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shop.catalog import PRODUCTS, Product


@dataclass(frozen=True)
class Order:
    """An order as received: how long its body was and what it hashed to."""

    body_bytes: int
    body_sha256: str
    app_version: str


class Store(Protocol):
    """Where products come from and orders go."""

    async def products(self, keyword: str, limit: int) -> Sequence[Product]:
        """The first `limit` products, or those whose name holds `keyword`."""

    async def add_order(self, order: Order, /) -> int:
        """Keep the order and return its id."""

    def close(self) -> None:
        """Let go of whatever the store holds open."""


@dataclass(frozen=True)
class ConstantStore:
    """The catalog as it is in the code; orders are counted and forgotten."""

    order_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def products(self, keyword: str, limit: int) -> Sequence[Product]:
        """The first `limit` products whose name holds `keyword`."""
        wanted = keyword.casefold()
        return [product for product in PRODUCTS if wanted in product.name.casefold()][:limit]

    async def add_order(self, _order: Order, /) -> int:
        """The next order number."""
        return next(self.order_ids)

    def close(self) -> None:
        """Nothing is held open."""
