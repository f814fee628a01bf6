"""The routes of the shop."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from shop import traffic
from shop.behaviour import Decay, Delays, unhealthy_products
from shop.database import DatabaseError
from shop.settings import Settings
from shop.sockets import Sockets
from shop.store import Store
from shop.storefront import Storefront

logger = logging.getLogger("shop.app")


@dataclass(frozen=True)
class Shop:
    """The app, and the WebSockets that must be closed before it stops."""

    app: ASGIApp
    sockets: Sockets


def build(settings: Settings, store: Store) -> Shop:
    """The shop as `settings` describe it, selling what is in `store`."""
    front, sockets, knobs = Storefront(settings, store), Sockets(), settings.knobs
    products = unhealthy_products(knobs.unhealthy) if knobs.unhealthy else front.products
    routes = [
        Route("/products", products),
        Route("/orders", front.order, methods=["POST"]),
        Route("/version", front.version),
        Route("/healthz", front.healthz),
        Route("/slow", traffic.slow, methods=["GET", "POST"]),
        Route("/stream", traffic.stream),
        Route("/echo", traffic.echo, methods=["POST"]),
        Route("/headers", traffic.headers),
        WebSocketRoute("/ws", sockets.echo),
    ]
    app: ASGIApp = Starlette(
        routes=routes,
        exception_handlers={DatabaseError: _database_failed},
    )
    if knobs.latency_ms or knobs.slow_first:
        app = Delays(app, knobs)
    if knobs.fail_from:
        app = Decay(app, knobs)
    return Shop(app, sockets)


async def _database_failed(request: Request, error: Exception) -> Response:
    logger.error("%s %s: %s", request.method, request.url.path, error)
    return JSONResponse({"error": "the database does not answer"}, status_code=503)
