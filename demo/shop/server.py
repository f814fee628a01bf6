"""The HTTP server, and what the shop does with SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from types import FrameType

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol as WebSocket,
)

from shop.app import Shop
from shop.settings import OnSigterm, Settings

GRACE_SECONDS = 60
GOODBYE_SECONDS = 2.0
# Longer than nginx keeps an idle connection, so that nginx is the one that closes it.
KEEP_ALIVE_SECONDS = 30
EXIT_KILLED_BY_SIGTERM = 128 + signal.SIGTERM

logger = logging.getLogger("shop.server")


def serve(shop: Shop, settings: Settings) -> None:
    """Serve until a signal ends it, then finish what was accepted."""
    config = uvicorn.Config(
        shop.app,
        host="0.0.0.0",
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws=WebSocket,
        lifespan="off",
        log_config=None,
        access_log=settings.access_log,
        server_header=False,
        headers=[("X-App-Version", settings.version)],
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _Server(config, settings.knobs.on_sigterm, shop.sockets.close_all).run()


def handle_signals_while_booting(on_sigterm: OnSigterm) -> None:
    """Make SIGTERM end a boot: as process 1 the shop would otherwise not notice it."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if _must_stop(on_sigterm, number):
            logger.info("stopped while booting")
            sys.exit(0)

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _must_stop(on_sigterm: OnSigterm, number: int) -> bool:
    name = signal.Signals(number).name
    if on_sigterm is OnSigterm.DIE:
        os.write(sys.stdout.fileno(), f"{name}: dying at once (DEMO_ON_SIGTERM)\n".encode())
        os._exit(EXIT_KILLED_BY_SIGTERM)
    if on_sigterm is OnSigterm.IGNORE:
        logger.info("%s: ignored (DEMO_ON_SIGTERM)", name)
        return False
    logger.info("%s: stopping", name)
    return True


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        on_sigterm: OnSigterm,
        before_shutdown: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._on_sigterm = on_sigterm
        self._before_shutdown = before_shutdown

    def handle_exit(self, sig: int, _frame: FrameType | None) -> None:
        # The inherited handler raises the signal again at the end, which would make the
        # exit code of a graceful stop 143.
        if _must_stop(self._on_sigterm, sig):
            self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        logger.info("listening on port %d", self.config.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop_http()
        await self._before_shutdown()
        await self._wait_for_goodbyes()
        await super().shutdown(sockets)

    def _stop_http(self) -> None:
        # First, so that no answer promises keep-alive while the WebSockets say goodbye.
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            if not isinstance(connection, WebSocket):
                connection.shutdown()

    async def _wait_for_goodbyes(self) -> None:
        # Closing at once would reset the connection under the client's answer.
        deadline = time.monotonic() + GOODBYE_SECONDS
        while self._open_websockets() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    def _open_websockets(self) -> bool:
        return any(isinstance(item, WebSocket) for item in self.server_state.connections)
