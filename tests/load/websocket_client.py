"""A client that holds a WebSocket open and hears its own words twice a second."""

from __future__ import annotations

import random

from tests.load.client import Client
from tests.load.failure import DROPPED, PROTOCOL, WRONG_BODY, Failed
from tests.load.frames import CLOSE, PING, PONG, TEXT, Frame, handshake, read_frame
from tests.load.record import WEBSOCKET
from tests.load.stage import Stage
from tests.load.wire import Wire

# Normal, going away, service restart: the server says goodbye and why.
CLEAN_CLOSES = (1000, 1001, 1012)
# An echo comes from whoever answered the handshake, however long ago; it says no version.
NO_VERSION = ""
GOODBYE = (1000).to_bytes(2, "big")


class WebSocket(Client):
    """Opens /ws, echoes, and opens it again after a clean close."""

    kind = WEBSOCKET

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._wire: Wire | None = None

    async def turn(self) -> bool:
        return await self.attempt(self._open if self._wire is None else self._echo)

    async def rest(self) -> None:
        if self._wire is None:
            await super().rest()
        elif await self._wire.readable(self.think()):
            await self.attempt(self._listen)

    async def leave(self) -> None:
        if self._wire is not None:
            await self.attempt(self._say_goodbye)

    def drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _open(self) -> str:
        self._wire = await self.stage.target.connect()
        return (await handshake(self._wire, "/ws", self.stage.target.authority)).version

    async def _echo(self) -> str | None:
        words = random.randbytes(random.randint(8, 200)).hex().encode()
        await self._send(Frame(TEXT, words))
        frame = await self._next()
        if frame.opcode == CLOSE:
            await self._closed(frame, "websocket_unanswered")
            return None
        if frame != Frame(TEXT, words):
            raise Failed(WRONG_BODY, f"sent {words[:40]!r}, got {frame.payload[:40]!r}")
        return NO_VERSION

    async def _listen(self) -> None:
        frame = await self._next(skip_pings=False)
        if frame.opcode == CLOSE:
            await self._closed(frame, "websocket")
        elif frame.opcode != PING:
            raise Failed(PROTOCOL, f"a message nobody asked for: {frame.payload[:40]!r}")

    async def _say_goodbye(self) -> None:
        await self._send(Frame(CLOSE, GOODBYE))
        while (await self._next()).opcode != CLOSE:
            pass

    async def _closed(self, frame: Frame, how: str) -> None:
        if frame.close_code not in CLEAN_CLOSES:
            raise Failed(DROPPED, f"closed with code {frame.close_code}")
        self.recorder.closed(how)
        await self._send(Frame(CLOSE, frame.payload[:2]))
        self.drop()

    async def _next(self, skip_pings: bool = True) -> Frame:
        while True:
            frame = await self._receive()
            if frame.opcode == PING:
                await self._send(Frame(PONG, frame.payload))
            if frame.opcode != PING or not skip_pings:
                return frame

    async def _receive(self) -> Frame:
        try:
            return await read_frame(self._open_wire())
        except Failed as failed:
            if failed.kind == PROTOCOL:
                raise
            raise Failed(DROPPED, f"no close frame: {failed}") from failed

    async def _send(self, frame: Frame) -> None:
        await self._open_wire().send(frame.encode())

    def _open_wire(self) -> Wire:
        assert self._wire is not None
        return self._wire
