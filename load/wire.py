"""One TCP connection, read and written without any help that could hide a failure."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from load.failure import (
    CONNECT_FAILED,
    CONNECT_REFUSED,
    EOF_NO_RESPONSE,
    PROTOCOL,
    RESET,
    TRUNCATED,
    Failed,
)

READ_SIZE = 64 * 1024


class Wire:
    """A non-blocking socket; every error becomes a `Failed`.

    Streams of asyncio read ahead in the background, which blurs what was known at
    the moment of sending. A bare socket can be asked just then.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._left = b""
        self._answered = 0

    # What the server showed: the sha256 of its certificate; over TLS only.
    certificate = ""

    def close(self) -> None:
        """Give the connection up."""
        self._sock.close()

    def closed_by_peer(self) -> bool:
        """Whether the end of the connection has already arrived.

        Bytes that nobody asked for are a protocol failure.
        """
        try:
            waiting = self._left or self._arrived()
        except OSError:
            return True
        if waiting:
            raise Failed(PROTOCOL, f"bytes before any request: {waiting[:40]!r}")
        return waiting is not None

    async def send(self, data: bytes) -> None:
        """Send everything, once."""
        self._answered = 0
        try:
            await self._write(data)
        except OSError as error:
            raise Failed(RESET, f"while sending: {error}") from error

    async def receive(self) -> bytes:
        """What comes next; the end of the connection is a failure."""
        try:
            data = await self._read()
        except OSError as error:
            raise self._ended(RESET, str(error)) from error
        if not data:
            raise self._ended(EOF_NO_RESPONSE, "the connection ended")
        self._answered += len(data)
        return data

    def give_back(self, data: bytes) -> None:
        """Bytes that came behind an answer, which nobody had asked for."""
        self._left = data

    async def readable(self, seconds: float) -> bool:
        """Wait up to `seconds` for bytes or the end, without consuming either."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._sock, ready.set)
        try:
            async with asyncio.timeout(seconds):
                await ready.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._sock)
        return True

    async def _write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def _read(self) -> bytes:
        """What comes next, empty at the end."""
        return await asyncio.get_running_loop().sock_recv(self._sock, READ_SIZE)

    def _arrived(self) -> bytes | None:
        """What has come and was not read, empty at the end, None when there is nothing yet."""
        try:
            return self._sock.recv(64, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return None

    def _ended(self, kind: str, detail: str) -> Failed:
        if self._answered:
            return Failed(TRUNCATED, f"{detail} after {self._answered} bytes of the answer")
        return Failed(kind, f"{detail} after the request")


async def dial(host: str, port: int) -> socket.socket:
    """A socket that is connected to a loopback address. Raises Failed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with _connecting():
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except BaseException:
        sock.close()
        raise
    return sock


@contextmanager
def _connecting() -> Iterator[None]:
    try:
        yield
    except ConnectionRefusedError as error:
        raise Failed(CONNECT_REFUSED, str(error)) from error
    except ConnectionResetError as error:
        raise Failed(RESET, f"while connecting: {error}") from error
    except OSError as error:
        raise Failed(CONNECT_FAILED, str(error)) from error
