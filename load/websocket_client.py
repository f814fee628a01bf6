"""A client that holds a WebSocket open and hears its own words twice a second."""

from __future__ import annotations

import random
from functools import partial

from wsproto.events import CloseConnection, Ping, TextMessage

from load.channel import Channel
from load.client import Client
from load.failure import DROPPED, PROTOCOL, WRONG_BODY, Failed
from load.record import WEBSOCKET
from load.stage import Stage

# Normal, going away, service restart: the server says goodbye and why.
CLEAN_CLOSES = (1000, 1001, 1012)
# An echo comes from whoever answered the handshake, however long ago; it says no version.
NO_VERSION = ""
GOODBYE = CloseConnection(code=1000)


class WebSocket(Client):
    """Opens /ws, echoes, and opens it again after a clean close."""

    kind = WEBSOCKET

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._channel: Channel | None = None

    async def turn(self) -> bool:
        return await self.attempt(
            partial(self._echo, self._channel) if self._channel else self._open
        )

    async def rest(self) -> None:
        if self._channel is None:
            await super().rest()
        elif await self._channel.readable(self.think()):
            await self.attempt(partial(self._listen, self._channel))

    async def leave(self) -> None:
        if self._channel is not None:
            await self.attempt(partial(self._say_goodbye, self._channel))

    def drop(self) -> None:
        if self._channel is not None:
            self._channel.wire.close()
            self._channel = None

    async def _open(self) -> str:
        self._channel = Channel(await self.stage.connect())
        return await self._channel.open("/ws", self.stage.target.authority)

    async def _echo(self, channel: Channel) -> str | None:
        words = random.randbytes(random.randint(8, 200)).hex()
        await channel.send(TextMessage(data=words))
        while isinstance(heard := await self._next(channel), Ping):
            pass
        if isinstance(heard, CloseConnection):
            await self._closed(channel, heard, "websocket_unanswered")
            return None
        if heard != words:
            raise Failed(WRONG_BODY, f"sent {words[:40]!r}, got {heard[:40]!r}")
        return NO_VERSION

    async def _listen(self, channel: Channel) -> None:
        heard = await self._next(channel)
        # A goodbye may come with a ping, and nothing can be said after it.
        while isinstance(heard, Ping) and await channel.readable(0):
            heard = await self._next(channel)
        if isinstance(heard, CloseConnection):
            await self._closed(channel, heard, "websocket")
        elif not isinstance(heard, Ping):
            raise Failed(PROTOCOL, f"a message nobody asked for: {heard[:40]!r}")

    async def _say_goodbye(self, channel: Channel) -> None:
        await channel.send(GOODBYE)
        while not isinstance(await self._next(channel), CloseConnection):
            pass

    async def _closed(self, channel: Channel, goodbye: CloseConnection, how: str) -> None:
        if goodbye.code not in CLEAN_CLOSES:
            raise Failed(DROPPED, f"closed with code {goodbye.code}")
        self.recorder.closed(how)
        await channel.send(goodbye.response())
        self.drop()

    async def _next(self, channel: Channel) -> str | Ping | CloseConnection:
        try:
            return await channel.next()
        except Failed as failed:
            if failed.kind == PROTOCOL:
                raise
            raise Failed(DROPPED, f"no close frame: {failed}") from failed
