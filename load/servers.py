"""Servers on real sockets, good and bad, that the clients are tried against."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from wsproto.frame_protocol import Opcode
from wsproto.utilities import generate_accept_token

SHORT = 0.01


@dataclass(frozen=True)
class Asked:
    """A request as a server reads it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """The server's end of one connection; `number` counts connections from 0."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number
        self._file = sock.makefile("rb")

    def ask(self) -> Asked | None:
        """The next request, None when the client is gone."""
        first = self._file.readline().decode()
        if not first:
            return None
        method, path, _ = first.split()
        headers = dict(self._headers())
        body = self._file.read(int(headers.get("content-length", "0")))
        return Asked(method, path, headers, body)

    def read(self, size: int) -> bytes:
        """Bytes that are not HTTP."""
        return self._file.read(size)

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.sock.sendall(data)

    def answer(self, body: bytes, status: int = 200, headers: str = "", claim: int = 0) -> None:
        """A response; `claim` is how many bytes more it announces than it sends."""
        length = f"Content-Length: {len(body) + claim}\r\n"
        self.send(head(status, length + headers) + body)

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close with FIN (RST when bytes are left unread)."""
        self._file.close()
        self.sock.close()

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            yield name.lower(), value.strip()


Handler = Callable[[Peer], None]


@contextmanager
def serving(handle: Handler, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that gives each connection to `handle`, in a thread of its own.

    tls: how connections are secured first; None does not.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.settimeout(SHORT)
    stop = threading.Event()
    acceptor = threading.Thread(target=_accept, args=(listener, handle, stop, tls), daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        acceptor.join()
        listener.close()


def good(peer: Peer, version: str = "1.0.0") -> None:
    """Everything right, with short waits."""
    mine = f"X-App-Version: {version}\r\n"
    while asked := peer.ask():
        if asked.path.startswith("/stream"):
            peer.send(stream_answer(mine))
        elif asked.path.startswith("/ws"):
            echo_frames(peer, asked)
            return
        else:
            time.sleep(SHORT if asked.path.startswith("/slow") else 0)
            body = asked.body if asked.method == "POST" else f'{{"v": "{version}"}}'.encode()
            peer.answer(body, headers=mine + "Content-Type: application/json\r\n")


def head(status: int, headers: str) -> bytes:
    """The head of a response, `headers` being whole lines."""
    return f"HTTP/1.1 {status} Because\r\n{headers}\r\n".encode()


def stream_answer(headers: str = "X-App-Version: 1.0.0\r\n") -> bytes:
    """A chunked response whose last line carries the checksum."""
    lines = [b"%d\n" % number * 100 for number in range(20)]
    digest = hashlib.sha256(b"".join(lines)).hexdigest().encode()
    parts = [*lines, b"sha256 " + digest + b"\n"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return head(200, headers + "Transfer-Encoding: chunked\r\n") + chunks + b"0\r\n\r\n"


def open_websocket(peer: Peer, asked: Asked) -> None:
    """Answer the handshake."""
    accept = generate_accept_token(asked.headers["sec-websocket-key"].encode()).decode()
    upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\nX-App-Version: 1.0.0\r\n"
    peer.send(head(101, f"{upgrade}Sec-WebSocket-Accept: {accept}\r\n"))


def echo_frames(peer: Peer, asked: Asked, messages: int = 1_000_000) -> None:
    """Echo so many messages, or until the client says goodbye."""
    open_websocket(peer, asked)
    for _ in range(messages):
        opcode, payload = read_client_frame(peer)
        peer.send(server_frame(opcode, payload))
        if opcode == Opcode.CLOSE:
            return


def read_client_frame(peer: Peer) -> tuple[int, bytes]:
    """Opcode and unmasked payload."""
    first, second = peer.read(2)
    size = second & 0x7F
    if size == 126:
        size = int.from_bytes(peer.read(2), "big")
    mask = peer.read(4)
    return first & 0x0F, bytes(b ^ mask[at % 4] for at, b in enumerate(peer.read(size)))


def server_frame(opcode: int, payload: bytes) -> bytes:
    """An unmasked frame."""
    size = len(payload)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + payload


def _accept(
    listener: socket.socket, handle: Handler, stop: threading.Event, tls: ssl.SSLContext | None
) -> None:
    number = 0
    while not stop.is_set():
        with suppress(TimeoutError):
            sock, _ = listener.accept()
            sock.settimeout(10)
            threading.Thread(target=_handle, args=(handle, sock, number, tls), daemon=True).start()
            number += 1


def _handle(handle: Handler, sock: socket.socket, number: int, tls: ssl.SSLContext | None) -> None:
    # A client that leaves ends its connection: reads come back empty or fail.
    with (
        sock,
        suppress(OSError, ValueError),
        closing(Peer(tls.wrap_socket(sock, server_side=True) if tls else sock, number)) as peer,
    ):
        handle(peer)
