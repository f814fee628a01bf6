"""A connection over TLS, to a server whose certificate must be good."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from load.failure import CERTIFICATE, HANDSHAKE, Failed
from load.wire import READ_SIZE, Wire

HTTP1, HTTP2 = "http/1.1", "h2"


@dataclass(frozen=True)
class Https:
    """The name that is asked for, and who vouches for it.

    name: for the certificate, SNI and Host. ca: the only roots that are trusted, in PEM; None
    for the system's. Raises OSError when they cannot be read.
    """

    name: str
    ca: Path | None = None
    _contexts: dict[str, ssl.SSLContext] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        contexts = {protocol: self._context(protocol) for protocol in (HTTP1, HTTP2)}
        object.__setattr__(self, "_contexts", contexts)

    async def shake_hands(self, sock: socket.socket, protocol: str) -> TlsWire:
        """Secure a connection. Raises Failed."""
        wire = TlsWire(sock, self._contexts[protocol], self.name)
        try:
            await wire.shake_hands(protocol)
        except BaseException:
            wire.close()
            raise
        return wire

    def _context(self, protocol: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols([protocol])
        return context


class TlsWire(Wire):
    """A wire whose bytes are encrypted."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, name: str) -> None:
        super().__init__(sock)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._plain: bytes | None = None

    async def shake_hands(self, protocol: str) -> None:
        """Until the server is known, and speaks the protocol. Raises Failed."""
        try:
            await self._shake_hands()
        except ssl.SSLCertVerificationError as error:
            with suppress(OSError):
                await self._flush()
            raise Failed(CERTIFICATE, error.verify_message) from error
        except OSError as error:
            raise Failed(HANDSHAKE, str(error)) from error
        if protocol == HTTP2 != self._tls.selected_alpn_protocol():
            raise Failed(HANDSHAKE, f"the server does not speak {protocol}")
        shown = self._tls.getpeercert(binary_form=True) or b""
        self.certificate = hashlib.sha256(shown).hexdigest()

    async def readable(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        # Not all that comes is for the reader: a server's tickets, for one.
        while self._arrived() is None:
            left = ends - loop.time()
            if left <= 0 or not await super().readable(left):
                return False
        return True

    def take(self) -> bytes | None:
        """What has come, empty at the end, None when there is nothing yet. Raises OSError."""
        data, self._plain = self._arrived(), None
        return data

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                self._feed(await super()._read())
            else:
                return await self._flush()

    async def _write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await super()._write(self._outgoing.read())

    async def _read(self) -> bytes:
        data, self._plain = self._plain, None
        while data is None and (data := self._decrypted()) is None:
            self._feed(await super()._read())
        return data

    def _arrived(self) -> bytes | None:
        if self._plain is None:
            with suppress(BlockingIOError, InterruptedError):
                self._feed(self._sock.recv(READ_SIZE))
            self._plain = self._decrypted()
        return self._plain

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _decrypted(self) -> bytes | None:
        """What can be read of all that came, empty at the end, None until there is more."""
        try:
            return self._tls.read(READ_SIZE)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
