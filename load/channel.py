"""One WebSocket: its opening handshake, whole messages, and its end."""

from __future__ import annotations

from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from load.failure import PROTOCOL, Failed, bad_status
from load.http1 import AGENT
from load.wire import Wire

MAX_MESSAGE = 1024 * 1024


class Channel:
    """A WebSocket over a connection that nobody has used yet."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()

    async def open(self, path: str, host: str) -> str:
        """Shake hands; returns the version that the answer names. Raises Failed."""
        headers = [(name.encode(), value.encode()) for name, value in AGENT.items()]
        await self.send(Request(host=host, target=path, extra_headers=headers))
        answer = await self._event()
        if isinstance(answer, RejectConnection):
            raise bad_status(answer.status_code)
        if not isinstance(answer, AcceptConnection):
            raise Failed(PROTOCOL, f"the handshake was answered with {answer}")
        return dict(answer.extra_headers).get(b"x-app-version", b"").decode("latin-1")

    async def send(self, event: Event) -> None:
        """Send a message or a control frame. Raises Failed."""
        await self.wire.send(self._protocol.send(event))

    async def next(self) -> str | Ping | CloseConnection:
        """The next whole message, a ping (answered) or the close frame. Raises Failed."""
        text = ""
        while True:
            event = await self._event()
            if isinstance(event, Ping) and self._protocol.state is ConnectionState.OPEN:
                await self.send(event.response())
            if isinstance(event, Ping | CloseConnection):
                return event
            if not isinstance(event, TextMessage):
                raise Failed(PROTOCOL, f"a message nobody asked for: {event}")
            text += event.data
            if len(text) > MAX_MESSAGE:
                raise Failed(PROTOCOL, f"a message over {MAX_MESSAGE} characters")
            if event.message_finished:
                return text

    async def readable(self, seconds: float) -> bool:
        """Wait up to `seconds` for something to come, or the end, without consuming either."""
        return bool(self._events) or await self.wire.readable(seconds)

    async def _event(self) -> Event:
        while not self._events:
            data = await self.wire.receive()
            try:
                self._protocol.receive_data(data)
                self._events += self._protocol.events()
            except RemoteProtocolError as error:
                raise Failed(PROTOCOL, str(error)) from error
        return self._events.popleft()
