"""An API or a front end: `server.py ROLE PORT`; each answers who it is, and of which version."""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROLE, PORT, VERSION = sys.argv[1], int(sys.argv[2]), os.environ["VERSION"]
LATE_SECONDS = 4
LARGE = {"Set-Cookie": "login=" + "y" * 15_000, "X-Permissions": "z" * 13_000}


class Handler(BaseHTTPRequestHandler):
    """GET /assets/app.VERSION.css is there for this version only."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Answer any method."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = self.path.strip("/").split("/")
        if parts[0] == "assets":
            found = parts[-1] in (f"app.{VERSION}.css", "plain.css")
            self.say(200 if found else 404, f"/* {VERSION} */", {"Content-Type": "text/css"})
        elif parts[-1] == "late":
            time.sleep(LATE_SECONDS)
            self.say(200, "late")
        elif "own" in parts:
            self.say(int(parts[-1]), "the app's own words")
        elif parts[-1] == "large":
            self.say(200, str(len(self.headers.get("Cookie", ""))), LARGE)
        else:
            self.say(200, json.dumps({"role": ROLE, "version": VERSION, "path": self.path}))

    do_GET = do_POST = do_HEAD = answer  # as http.server calls them

    def say(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("", PORT), Handler).serve_forever()
