"""An app that breaks its answers off in every way there is; run inside a container."""

from __future__ import annotations

import socket
import socketserver
import struct

PORT = 9000
PART = b"x" * 100
HEADS = {
    "length": b"Content-Length: 1000\r\n\r\n",
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n64\r\n",
    "long": b"Transfer-Encoding: chunked\r\n\r\n30d40\r\n",
}
WHOLE = {"/length/whole": PART * 10, "/chunked/whole": PART + b"\r\n0\r\n\r\n"}


class Breaker(socketserver.StreamRequestHandler):
    """GET /length|chunked|long/fin|rst|whole: a good head, and then a part, or all."""

    def handle(self) -> None:
        """Answer one request."""
        path = self.rfile.readline().split()[1].decode().removeprefix("/broken")
        while self.rfile.readline().strip():
            pass
        _, kind, ending = path.split("?")[0].split("/")
        part = PART * 500 if kind == "long" else PART
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + HEADS[kind]
        self.wfile.write(head + WHOLE.get(path.split("?")[0], part))
        self.wfile.flush()
        if ending == "rst":
            # What nginx has read by then it passes on; the rest is gone at once.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


class Server(socketserver.ThreadingTCPServer):
    """One thread for each connection."""

    allow_reuse_address = True
    request_queue_size = 1000


if __name__ == "__main__":
    Server(("", PORT), Breaker).serve_forever()
