"""People in a table: GET /people lists the newest, POST /people adds one."""

import hashlib
import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from database import engine
from people import READ, WRITE
from sqlalchemy import text

ENGINE = engine()


class Handler(BaseHTTPRequestHandler):
    """Answers with the statements of this release."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """The newest people, each of whom has a name."""
        with ENGINE.connect() as connection:
            names = [name for (name,) in connection.execute(text(READ))]
        self.answer(200 if all(names) else 500, json.dumps(names).encode())

    def do_POST(self):
        """Add somebody; the answer is what was sent."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with ENGINE.begin() as connection:
            connection.execute(text(WRITE), {"name": hashlib.sha256(body).hexdigest()})
        self.answer(200, body)

    def answer(self, status, body):
        """Send an answer that says which release gave it."""
        self.send_response(status)
        self.send_header("X-App-Version", os.environ["VERSION"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: nginx logs every request."""


server = ThreadingHTTPServer(("", int(os.environ["SERVER_PORT"])), Handler)
# What is under way is answered first: fream stops a set once nothing is.
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
