"""A release of the app: how its container and its HTTP answers behave."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass

from tests.fakes.server import HttpServer, Reply

AT_ONCE = 0
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Behaviour:
    """How a version behaves.

    status, body, location: what every GET answers. ready_after: how many requests are
    answered with 503 first. exits: the exit code with which it ends as it starts.
    start_error: what Compose says when its container cannot be started at all. health:
    what its container's own health check says. image: the id of what really runs. bad_from:
    the request from which on it answers 500.
    """

    status: int = 200
    body: str = "fine"
    location: str = ""
    ready_after: int = AT_ONCE
    exits: int | None = None
    start_error: str = ""
    health: str = ""
    image: str = ""
    bad_from: int | None = None
    logs: tuple[str, ...] = ("app: started",)


class FakeApp:
    """A container of the app: running with a real port, or ended."""

    def __init__(self, version: str, port: int, behaviour: Behaviour) -> None:
        self.version = version
        self.port = port
        self.behaviour = behaviour
        self.asked = 0
        self.id = f"container-{next(_NUMBERS)}"
        self.restarts = 0
        self.started = f"moment-{next(_NUMBERS)}"
        self.hangs = threading.Event()
        self.exit_code = behaviour.exits or 0
        crashed = behaviour.exits is not None
        self.state = "exited" if crashed else "running"
        self._server = None if crashed else HttpServer(port, self.reply)

    @property
    def published(self) -> int:
        """Its port on this server: `port`, or another at each start where that is 0."""
        return self._server.port if self._server else 0

    def reply(self, _path: str) -> Reply:
        """What one GET answers."""
        self.asked += 1
        while self.hangs.is_set():
            time.sleep(0.01)
        bad_from = self.behaviour.bad_from
        if bad_from is not None and self.asked >= bad_from:
            return 500, {}, "out of order"
        if self.asked <= self.behaviour.ready_after:
            return 503, {}, "warming up"
        headers = {"X-App-Version": self.version}
        if self.behaviour.location:
            headers["Location"] = self.behaviour.location
        return self.behaviour.status, headers, self.behaviour.body

    def start(self) -> None:
        """Run again, as when it is started by hand."""
        self._server = self._server or HttpServer(self.port, self.reply)
        self.started = f"moment-{next(_NUMBERS)}"
        self.state = "running"

    def restart(self) -> None:
        """End and run again, as Docker has a container do after a crash."""
        self.end(1)
        self.restarts += 1
        self.start()

    def refuse(self) -> None:
        """Run on, and refuse connections."""
        if self._server:
            self._server.close()
            self._server = None

    def end(self, exit_code: int) -> None:
        """Stop running; the container stays, as after a crash or a kill."""
        self.state, self.exit_code = "exited", exit_code
        if self._server:
            self._server.close()
            self._server = None
