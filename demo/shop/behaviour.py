"""The test knobs: how the shop misbehaves on demand."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shop.settings import Knobs

COLD_REQUEST_SECONDS = 0.3

logger = logging.getLogger("shop.behaviour")


def boot(knobs: Knobs) -> None:
    """Take the time that the knobs ask for; end here if they ask for a crash."""
    if knobs.boot_seconds:
        logger.info("booting for %g s (DEMO_BOOT_SECONDS)", knobs.boot_seconds)
        time.sleep(knobs.boot_seconds)
    if knobs.crash_at_boot:
        _crash_at_boot(knobs.crash_at_boot)


def _crash_at_boot(message: str) -> None:
    logger.info("reading configuration")
    logger.info("preparing the shop")
    logger.error("the shop cannot start: %s", message)
    print(f"fatal: {message}", file=sys.stderr, flush=True)
    sys.exit(1)


def schedule_crash(knobs: Knobs) -> None:
    """Start the clock of DEMO_CRASH_AFTER_SECONDS."""
    if knobs.crash_after_seconds:
        timer = threading.Timer(knobs.crash_after_seconds, _crash)
        timer.daemon = True
        timer.start()


def _crash() -> None:
    print("fatal: crashed as DEMO_CRASH_AFTER_SECONDS asks", file=sys.stderr, flush=True)
    os._exit(1)


def unhealthy_products(status: int) -> Callable[[Request], Awaitable[Response]]:
    """The /products endpoint of a release that is not good."""
    reason = f"this release answers {status} because DEMO_UNHEALTHY is set"

    async def products(_request: Request) -> Response:
        return JSONResponse({"status": status, "error": reason}, status_code=status)

    return products


class Delays:
    """Adds DEMO_LATENCY_MS to every answer, and a cold start to the first DEMO_SLOW_FIRST."""

    def __init__(self, app: ASGIApp, knobs: Knobs) -> None:
        self._app = app
        self._latency = knobs.latency_ms / 1000
        self._cold_requests = knobs.slow_first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then let the app answer."""
        if scope["type"] == "http":
            await asyncio.sleep(self._latency + self._cold_start())
        await self._app(scope, receive, send)

    def _cold_start(self) -> float:
        if self._cold_requests == 0:
            return 0.0
        self._cold_requests -= 1
        return COLD_REQUEST_SECONDS


class Decay:
    """Answers 500 from the request DEMO_FAIL_FROM on, but on the path DEMO_FAIL_SPARES."""

    def __init__(self, app: ASGIApp, knobs: Knobs) -> None:
        self._app = app
        self._good_requests = knobs.fail_from - 1
        self._spares = knobs.fail_spares

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer for as long as it is good."""
        if scope["type"] == "http" and self._fails(scope["path"]):
            reason = "this release has gone bad because DEMO_FAIL_FROM is set"
            await JSONResponse({"error": reason}, status_code=500)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _fails(self, path: str) -> bool:
        self._good_requests -= 1
        return self._good_requests < 0 and path != self._spares
