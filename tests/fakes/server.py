"""Small servers in threads, for the fakes: one speaks HTTP, one says the same bytes to all."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

Reply = tuple[int, dict[str, str], str]


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, port: int, reply: Callable[[str], Reply], tls: ssl.SSLContext | None
    ) -> None:
        self.reply = reply
        super().__init__(("127.0.0.1", port), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # the client was ended while it was answered


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        status, headers, body = self.server.reply(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


class HttpServer:
    """Answers GET on a loopback port until it is closed. tls: with which it speaks TLS."""

    def __init__(
        self, port: int, reply: Callable[[str], Reply], tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = _Server(port, reply, tls)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.005,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections are refused from here on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Sayer:
    """Says the same bytes to each connection, and closes it or keeps it until its own end.

    Its thread has ended and every connection is closed when `close` returns: a socket
    that a forgotten thread still holds fails whichever test runs when it is collected.
    """

    def __init__(self, says: bytes = b"", closes: bool = True, reads: bool = True) -> None:
        self.says = says
        self._closes = closes
        self._reads = reads
        self._kept: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._kept.append(client)
            with suppress(OSError):  # who asked may be gone
                if self._reads:  # unread bytes would make the end a reset
                    client.recv(65_536)
                client.sendall(self.says)
            if self._closes:
                self._kept.pop().close()

    def close(self) -> None:
        """Listen no more, and hang up on all."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for client in self._kept:
            client.close()

    def __enter__(self) -> Sayer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
