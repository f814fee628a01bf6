"""What a server on TLS needs to be tried against: certificates, good and bad, and HTTP/2."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.events import RequestReceived

from load.servers import Peer

HEADERS = [(":status", "200"), ("x-app-version", "1.0.0"), ("content-type", "application/json")]
BODY = b'{"v": "1.0.0"}'


class Authority:
    """Issues certificates; `root` is its own, in PEM."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.root = folder / "root.pem"
        self._folder = folder
        self._number = 0
        request = ["req", "-x509", *_key(folder / "root.key"), "-days", "2"]
        _openssl(*request, "-subj", f"/CN={folder.name}", "-out", str(self.root))

    def server(self, name: str, *protocols: str) -> ssl.SSLContext:
        """How a server of that name secures connections."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(protocols)
        self.renew(context, name)
        return context

    def renew(self, context: ssl.SSLContext, name: str) -> None:
        """Give a server a new certificate, which new connections are shown."""
        self._number += 1
        pem, key = (self._folder / f"{self._number}.{kind}" for kind in ("pem", "key"))
        issuer = ["-CA", str(self.root), "-CAkey", str(self._folder / "root.key")]
        extension = [
            "-addext",
            f"subjectAltName=DNS:{name}",
            "-addext",
            "basicConstraints=CA:FALSE",
        ]
        request = ["req", "-x509", *_key(key), *issuer, "-days", "1", *extension]
        _openssl(*request, "-subj", "/CN=server", "-out", str(pem))
        context.load_cert_chain(pem, key)


class Http2Peer:
    """The server's end of an HTTP/2 connection."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.http.initiate_connection()
        self.send()

    def ask(self) -> int | None:
        """The stream of the next request, None when the client is gone."""
        while data := self._peer.sock.recv(65536):
            # The library takes nothing more after a GOAWAY; the client is waited for.
            gone = self.http.state_machine.state is ConnectionState.CLOSED
            events = [] if gone else self.http.receive_data(data)
            self.send()
            for event in events:
                if isinstance(event, RequestReceived):
                    return event.stream_id
        return None

    def answer(self, stream: int, body: bytes = BODY) -> None:
        """A whole answer."""
        self.http.send_headers(stream, HEADERS)
        self.http.send_data(stream, body, end_stream=True)
        self.send()

    def send(self) -> None:
        """What the library wants to be said."""
        self._peer.send(self.http.data_to_send())


def over_http2(handle: Callable[[Http2Peer, int], None]) -> Callable[[Peer], None]:
    """A server that gives each request to `handle`, with its stream."""

    def serve(peer: Peer) -> None:
        http2 = Http2Peer(peer)
        while stream := http2.ask():
            handle(http2, stream)

    return serve


good_http2 = over_http2(Http2Peer.answer)


def _key(path: Path) -> list[str]:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    return [*curve, "-nodes", "-keyout", str(path)]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], capture_output=True, check=True)
