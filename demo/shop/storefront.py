"""The shop's own endpoints: products, orders, version, health."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from shop.queries import whole_number
from shop.settings import Settings
from shop.store import Order, Store


@dataclass(frozen=True)
class Storefront:
    """Handlers that share the settings and the store."""

    settings: Settings
    store: Store

    async def products(self, request: Request) -> Response:
        """GET /products?keyword=…&limit=…"""
        keyword = request.query_params.get("keyword", "").strip()
        limit = whole_number(request, "limit", default=100, low=1, high=1000)
        found = await self.store.products(keyword, limit)
        return JSONResponse([asdict(product) for product in found])

    async def order(self, request: Request) -> Response:
        """POST /orders: any body; the answer proves which bytes arrived."""
        digest, received = hashlib.sha256(), 0
        async for chunk in request.stream():
            digest.update(chunk)
            received += len(chunk)
        order = Order(received, digest.hexdigest(), self.settings.version)
        order_id = await self.store.add_order(order)
        answer = {"id": order_id, "bytes": received, "sha256": order.body_sha256}
        return JSONResponse(answer, status_code=201)

    async def version(self, _request: Request) -> Response:
        """GET /version: which release answers, and from which port."""
        settings = self.settings
        return JSONResponse(
            {
                "version": settings.version,
                "set port": settings.port,
                "profile": settings.profile,
            }
        )

    async def healthz(self, _request: Request) -> Response:
        """GET /healthz: the process answers; says nothing about the database."""
        return PlainTextResponse("ok\n")
