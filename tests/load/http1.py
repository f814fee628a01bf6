"""HTTP/1.1 by hand: requests as bytes, answers checked for complete framing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.load.failure import PROTOCOL, Failed
from tests.load.wire import Wire

MAX_BODY = 16 * 1024 * 1024
_STATUS = re.compile(r"HTTP/1\.1 (\d{3})(?: .*)?")


@dataclass(frozen=True)
class Request:
    """What is asked for; `close` says that no other request will follow."""

    path: str
    method: str = "GET"
    body: bytes = b""
    close: bool = False
    headers: Mapping[str, str] | None = None

    def encode(self, host: str) -> bytes:
        """The bytes to send."""
        headers = {"Host": host, "User-Agent": "fream-load", **(self.headers or {})}
        if self.close:
            headers["Connection"] = "close"
        if self.method != "GET":
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + self.body


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


async def read_response(wire: Wire) -> Response:
    """Read one answer to its last byte."""
    status, headers = parse_head(await wire.read_until(b"\r\n\r\n"))
    return Response(status, headers, await _read_body(wire, status, headers))


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers (names in lower case) of an answer."""
    first, *lines = head.decode("latin-1").split("\r\n")
    match = _STATUS.fullmatch(first)
    if match is None:
        raise Failed(PROTOCOL, f"not a status line: {first[:80]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Failed(PROTOCOL, f"not a header: {line[:80]!r}")
        key = name.strip().lower()
        value = value.strip()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return int(match[1]), headers


async def _read_body(wire: Wire, status: int, headers: Mapping[str, str]) -> bytes:
    if status < 200 or status in (204, 304):
        return b""
    if "chunked" in _tokens(headers, "transfer-encoding"):
        return await _read_chunks(wire)
    length = headers.get("content-length", "")
    if not length.isdecimal():
        raise Failed(PROTOCOL, f"an answer {status} whose end nobody can know")
    return await wire.read_exactly(_bounded(int(length)))


async def _read_chunks(wire: Wire) -> bytes:
    body = bytearray()
    while size := await _chunk_size(wire):
        _bounded(len(body) + size)
        body += await wire.read_exactly(size)
        if await wire.read_exactly(2) != b"\r\n":
            raise Failed(PROTOCOL, "a chunk longer than announced")
    while await wire.read_line():
        pass
    return bytes(body)


async def _chunk_size(wire: Wire) -> int:
    line = await wire.read_line()
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise Failed(PROTOCOL, f"not the size of a chunk: {line[:40]!r}") from None


def _bounded(size: int) -> int:
    if size > MAX_BODY:
        raise Failed(PROTOCOL, f"a body over {MAX_BODY} bytes")
    return size


def _tokens(headers: Mapping[str, str], name: str) -> set[str]:
    return {token.strip().lower() for token in headers.get(name, "").split(",")}
