"""A release of the app: how its container and its HTTP answers behave."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.server import HttpServer, Reply

AT_ONCE = 0


@dataclass(frozen=True)
class Behaviour:
    """How a version behaves.

    status, body, location: what every GET answers. ready_after: how many requests are
    answered with 503 first. exits: the exit code with which it ends as it starts.
    start_error: what Compose says when its container cannot be started at all.
    """

    status: int = 200
    body: str = "fine"
    location: str = ""
    ready_after: int = AT_ONCE
    exits: int | None = None
    start_error: str = ""
    logs: tuple[str, ...] = ("app: started",)


class FakeApp:
    """A container of the app: running with a real port, or ended."""

    def __init__(self, version: str, port: int, behaviour: Behaviour) -> None:
        self.version = version
        self.port = port
        self.behaviour = behaviour
        self.asked = 0
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
        if self.asked <= self.behaviour.ready_after:
            return 503, {}, "warming up"
        headers = {"X-App-Version": self.version}
        if self.behaviour.location:
            headers["Location"] = self.behaviour.location
        return self.behaviour.status, headers, self.behaviour.body

    def start(self) -> None:
        """Run again, as Docker has a container do after a crash."""
        self._server = self._server or HttpServer(self.port, self.reply)
        self.state = "running"

    def end(self, exit_code: int) -> None:
        """Stop running; the container stays, as after a crash or a kill."""
        self.state, self.exit_code = "exited", exit_code
        if self._server:
            self._server.close()
            self._server = None
