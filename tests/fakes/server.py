"""A small HTTP server in a thread, for the fakes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

Reply = tuple[int, dict[str, str], str]


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, reply: Callable[[str], Reply]) -> None:
        self.reply = reply
        super().__init__(("127.0.0.1", port), _Handler)

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
    """Answers GET on a loopback port until it is closed."""

    def __init__(self, port: int, reply: Callable[[str], Reply]) -> None:
        self._server = _Server(port, reply)
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
