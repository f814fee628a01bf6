"""An ACME server that does not help: it runs by itself in a container, port 14000.

Arguments: what it does (nonsense, rate-limit), and the folder with its own certificate.
"""

from __future__ import annotations

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE = "https://pebble:14000"
NAMES = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
LIMIT = {
    "type": "urn:ietf:params:acme:error:rateLimited",
    "detail": "too many certificates (5) already issued for this exact set of identifiers in "
    "the last 168h0m0s, retry after 2100-01-02 03:04:05 UTC",
    "status": 429,
}


class Handler(BaseHTTPRequestHandler):
    """Answers as far as the order, and then refuses; or with a page for people."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if sys.argv[1] == "nonsense":
            self._answer(200, "text/html", "<html>Welcome</html>")
        elif self.path.endswith("/dir"):
            self._answer(200, "application/json", json.dumps({n: f"{BASE}/{n}" for n in NAMES}))
        else:
            self._answer(200, "application/json", "{}")

    def do_POST(self) -> None:
        if self.path.endswith("newAccount"):
            self._answer(201, "application/json", '{"status": "valid"}')
        else:
            self._answer(429, "application/problem+json", json.dumps(LIMIT))

    def _answer(self, status: int, kind: str, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Replay-Nonce", "bm9uY2U")
        self.send_header("Location", f"{BASE}/account/1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", 14000), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{sys.argv[2]}/server.pem", f"{sys.argv[2]}/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
