"""WebSockets that say goodbye once when the shop stops."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

GOING_AWAY = 1001


class Sockets:
    """The open WebSockets: each echoes what it receives until one side closes."""

    def __init__(self) -> None:
        self._open: set[WebSocket] = set()

    async def echo(self, socket: WebSocket) -> None:
        """WebSocket /ws."""
        await socket.accept()
        self._open.add(socket)
        try:
            await _echo_until_closed(socket)
        finally:
            self._open.discard(socket)

    async def close_all(self) -> None:
        """Send every client code 1001."""
        await asyncio.gather(*(_say_goodbye(socket) for socket in self._open))


async def _echo_until_closed(socket: WebSocket) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if socket.application_state is not WebSocketState.CONNECTED:
            continue
        with suppress(WebSocketDisconnect):
            await _send_back(socket, message.get("text"), message.get("bytes"))


async def _send_back(socket: WebSocket, text: str | None, data: bytes | None) -> None:
    if text is not None:
        await socket.send_text(text)
    elif data is not None:
        await socket.send_bytes(data)


async def _say_goodbye(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(GOING_AWAY)
