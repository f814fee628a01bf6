"""nginx, as far as a switch can see it: its control port, its workers, its reloads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from fream_compose import maintenance
from fream_compose.errors import EngineError
from fream_compose.proxy import parse_include
from fream_compose.release import Live, SetName
from tests.fakes.app import FakeApp
from tests.fakes.server import HttpServer, Reply

_WORKERS = 2
_BROKEN = "broken"  # the directive that no nginx knows


class FakeNginx:
    """A real port that answers as nginx's control port does.

    reload_delay: seconds until a reload shows. refuses_reloads: it keeps its workers.
    lingers: seconds that replaced workers take to end. keeps_accepting: replaced workers
    still take connections. finds_by_reload_only: a set that comes up is not found by
    asking DNS again. silent: until it is restarted nothing answers. loses: sets
    that are not found any more. babbles: what its
    control port answers makes no sense. version: its own.
    """

    def __init__(self, directory: Path, apps: Callable[[SetName], FakeApp | None]) -> None:
        self.reload_delay = 0.0
        self.refuses_reloads = False
        self.lingers = 0.0
        self.keeps_accepting = False
        self.finds_by_reload_only = False
        self.babbles = False
        self.silent = False
        self.loses: set[SetName] = set()
        self.version = "1.30.0"
        self._directory = directory
        self._apps = apps
        self._known: set[SetName] = set()
        self.loaded_at = 0.0
        self._next_pid = 100
        self._workers: dict[int, bool] = {}
        self._ends: dict[int, float] = {}
        self._reload_at: float | None = None
        self._live: Live | None = None
        self._maintenance = ""
        self._server: HttpServer | None = None
        self.port = 0
        self.start()

    @property
    def published(self) -> int:
        """Its control port on this server: `port`, or another at each start where that is 0."""
        return self._server.port if self._server else 0

    @property
    def running(self) -> bool:
        return self._server is not None

    @property
    def live(self) -> Live | None:
        """What a user's request is answered by now."""
        self._settle()
        return self._live

    def start(self) -> None:
        """As the container starts."""
        self._load()
        self.silent = False
        self._server = HttpServer(self.port, self._reply)

    def stop(self) -> None:
        """As the container stops."""
        if self._server:
            self._server.close()
        self._server = None
        self._workers.clear()
        self._ends.clear()

    def hup(self) -> None:
        """As SIGHUP to the master: a configuration that is refused changes nothing."""
        if not self.refuses_reloads and not self._complaint(self._directory):
            self._reload_at = time.monotonic() + self.reload_delay

    def check(self, configuration: str) -> None:
        """As `nginx -t -c`: raises EngineError."""
        inside = Path(configuration).parent.relative_to("/etc/nginx")
        if complaint := self._complaint(self._directory / inside):
            raise EngineError(
                "nginx failed in nginx",
                f"nginx: [emerg] {complaint}\n"
                f"nginx: configuration file {configuration} test failed",
            )

    def processes(self) -> dict[int, str]:
        """As `docker top`."""
        self._settle()
        titles = {True: "nginx: worker process", False: "nginx: worker process is shutting down"}
        master = {99: "nginx: master process nginx -g daemon off;"}
        return master | {pid: titles[accepts] for pid, accepts in self._workers.items()}

    def _complaint(self, directory: Path) -> str:
        for file in sorted(directory.glob("site.d/*.conf")):
            if _BROKEN in file.read_text(encoding="utf-8"):
                inside = "/etc/nginx" / file.relative_to(self._directory)
                return f'unknown directive "{_BROKEN}" in {inside}:1'
        return ""

    def _settle(self) -> None:
        now = time.monotonic()
        if self._reload_at is not None and now >= self._reload_at:
            self._reload_at = None
            self._load()
        for pid in [pid for pid, ends in self._ends.items() if now >= ends]:
            del self._workers[pid], self._ends[pid]

    def _load(self) -> None:
        self.loaded_at = time.time()
        ends = time.monotonic() + self.lingers
        for pid in self._workers:
            self._ends.setdefault(pid, ends)
            self._workers[pid] = self.keeps_accepting
        self._workers |= {self._next_pid + number: True for number in range(_WORKERS)}
        self._next_pid += _WORKERS
        self._known = {name for name in SetName if self._apps(name)}
        include = self._directory / "service-url.inc"
        told = self._directory / maintenance.FILE
        found = maintenance.parse({told.name: told.read_text("utf-8")} if told.exists() else {})
        self._maintenance = found.id if found else ""
        self._live = (
            parse_include(include.read_text(encoding="utf-8")) if include.exists() else None
        )

    def _reply(self, path: str) -> Reply:
        self._settle()
        if self.silent:
            raise ConnectionError  # the client finds its connection closed
        if self.babbles:
            return 200, {}, '["something else"]'
        if path == "/live":
            return 200, {}, self._answer() + "\n"
        name, _, rest = path.removeprefix("/").partition("/")
        if name not in set(SetName):
            return 404, {}, "not found"
        return self._proxied(SetName(name), "/" + rest)

    def _answer(self) -> str:
        live = self._live
        return json.dumps(
            {
                "set": live.set if live else "",
                "version": str(live.version) if live else "",
                "switch": live.switch if live else "",
                "worker": max(self._workers),
                "nginx": self.version,
                "maintenance": self._maintenance,
            }
        )

    def _proxied(self, name: SetName, path: str) -> Reply:
        app = self._apps(name)
        found = name in self._known or not self.finds_by_reload_only
        found = found and name not in self.loses
        if not app or app.state != "running" or not found:
            return 502, {"X-Upstream": f"fream_{name}"}, "bad gateway"
        status, headers, body = app.reply(path)
        return status, {**headers, "X-Upstream": f"127.0.0.1:{app.published}"}, body
