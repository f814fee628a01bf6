"""One HTTP/1.1 request and its answer, which must be whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import h11

from load.failure import PROTOCOL, Failed
from load.wire import Wire

MAX_BODY = 16 * 1024 * 1024
AGENT = {"User-Agent": "fream-load"}
_EMPTY = (204, 304)


@dataclass(frozen=True)
class Request:
    """What is asked for; `close` says that no other request will follow."""

    path: str
    method: str = "GET"
    body: bytes = b""
    close: bool = False

    def headers(self, host: str) -> dict[str, str]:
        """Those of the request, for a server of that name and port."""
        headers = {"Host": host, **AGENT}
        if self.close:
            headers["Connection"] = "close"
        if self.method != "GET":
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(len(self.body))
        return headers


@dataclass(frozen=True)
class Response:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def version(self) -> str:
        """The release that answered, empty when the answer does not say."""
        return self.headers.get("x-app-version", "")

    @property
    def closes(self) -> bool:
        """Whether the server announced that it closes the connection."""
        return "close" in _tokens(self.headers, "connection")


async def exchange(wire: Wire, request: Request, host: str) -> Response:
    """Send a request, once, and read its answer to the last byte. Raises Failed."""
    http = h11.Connection(h11.CLIENT)
    await wire.send(_encoded(http, request, host))
    try:
        return await _answer(http, wire)
    except h11.RemoteProtocolError as error:
        raise Failed(PROTOCOL, str(error)) from error
    finally:
        wire.give_back(http.trailing_data[0])


def _encoded(http: h11.Connection, request: Request, host: str) -> bytes:
    head = h11.Request(
        method=request.method, target=request.path, headers=list(request.headers(host).items())
    )
    body = h11.Data(data=request.body)
    return b"".join(http.send(part) or b"" for part in (head, body, h11.EndOfMessage()))


async def _answer(http: h11.Connection, wire: Wire) -> Response:
    status, headers, body = 0, dict[str, str](), bytearray()
    while not isinstance(event := http.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            # The end of the connection is never told to h11, which may take it for the body's.
            http.receive_data(await wire.receive())
        elif isinstance(event, h11.Response):
            status, headers = event.status_code, _headers(event)
            _reject_endless(event, headers)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                raise Failed(PROTOCOL, f"a body over {MAX_BODY} bytes")
    return Response(status, headers, bytes(body))


def _headers(head: h11.Response) -> dict[str, str]:
    """The headers, names in lower case; one that comes twice is one with a comma."""
    headers: dict[str, str] = {}
    for name, value in head.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _reject_endless(head: h11.Response, headers: Mapping[str, str]) -> None:
    framed = "content-length" in headers or "chunked" in _tokens(headers, "transfer-encoding")
    if head.http_version != b"1.1":
        raise Failed(PROTOCOL, f"an answer of HTTP/{head.http_version.decode()}")
    if not framed and head.status_code not in _EMPTY:
        raise Failed(PROTOCOL, f"an answer {head.status_code} whose end nobody can know")


def _tokens(headers: Mapping[str, str], name: str) -> set[str]:
    return {token.strip().lower() for token in headers.get(name, "").split(",")}
