"""One HTTP/2 connection: one request after the other, each answered whole, and its end."""

from __future__ import annotations

from collections.abc import Iterable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from load.failure import GOAWAY, PROTOCOL, RESET, Failed
from load.http1 import AGENT, MAX_BODY, Request, Response
from load.tls import TlsWire


class Session:
    """An HTTP/2 connection over a wire that nobody has used yet."""

    def __init__(self, wire: TlsWire) -> None:
        self._wire = wire
        self._http = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self._gone = False

    async def open(self) -> None:
        """Begin. Raises Failed."""
        self._http.initiate_connection()
        await self._flush()

    def close(self) -> None:
        """Give the connection up."""
        self._wire.close()

    async def exchange(self, request: Request, host: str) -> Response:
        """Send a request without a body, once, and read its answer to the end. Raises Failed."""
        stream = self._http.get_next_available_stream_id()
        self._http.send_headers(stream, _head(request, host), end_stream=True)
        await self._flush()
        return await self._answer(stream)

    def ended(self) -> str:
        """How the server ended the connection while nothing was asked; empty: it did not."""
        data: bytes | None = None
        try:
            while not self._gone and (data := self._wire.take()):
                self._received(data)
        except OSError:
            return "closed_idle"
        return GOAWAY if self._gone else "closed_idle" if data == b"" else ""

    async def _answer(self, stream: int) -> Response:
        status, headers, body, whole = 0, dict[str, str](), bytearray(), False
        while not whole:
            for event in self._received(await self._wire.receive()):
                if isinstance(event, ResponseReceived):
                    headers = _headers(event)
                    status = int(headers[":status"])
                elif isinstance(event, DataReceived):
                    body += self._body(event)
                elif isinstance(event, StreamEnded):
                    whole = event.stream_id == stream
                elif isinstance(event, StreamReset):
                    raise Failed(RESET, f"the stream was reset: {event.error_code}")
            if self._gone and not whole:
                raise Failed(GOAWAY, "the server went away while a request was under way")
            if len(body) > MAX_BODY:
                raise Failed(PROTOCOL, f"a body over {MAX_BODY} bytes")
            await self._flush()
        return Response(status, headers, bytes(body))

    def _body(self, event: DataReceived) -> bytes:
        self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return event.data or b""

    def _received(self, data: bytes) -> list[Event]:
        try:
            events = self._http.receive_data(data)
        except ProtocolError as error:
            raise Failed(PROTOCOL, repr(error)) from error
        # The library takes nothing more after it, as clients that are built on it do not.
        self._gone = any(isinstance(event, ConnectionTerminated) for event in events)
        return events

    async def _flush(self) -> None:
        if data := self._http.data_to_send():
            await self._wire.send(data)


def _head(request: Request, host: str) -> list[tuple[str, str]]:
    pseudo = {":method": request.method, ":scheme": "https", ":authority": host}
    agent = [(name.lower(), value) for name, value in AGENT.items()]
    return [*pseudo.items(), (":path", request.path), *agent]


def _headers(event: ResponseReceived) -> dict[str, str]:
    pairs: Iterable[tuple[str, str]] = event.headers  # type: ignore[assignment]
    return dict(pairs)
