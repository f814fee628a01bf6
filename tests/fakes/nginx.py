"""nginx, as far as a switch can see it: its control port, its workers, its reloads."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from fream_compose.errors import EngineError
from fream_compose.nginx import include, maintenance, routes
from fream_compose.release import LiveRelease, SetName
from tests.fakes.app import FakeApp
from tests.fakes.server import HttpServer, Reply

_WORKERS = 2
_BROKEN = "broken"  # the directive that no nginx knows


class FakeNginx:
    """A real port that answers as nginx's control port does.

    reload_delay: seconds until a reload, or a renamed link, shows. refuses_reloads: it goes on
    as it was. lingers: seconds that what was in flight at a change takes to end.
    keeps_accepting: replaced workers still take connections. silent: until it is restarted
    nothing answers. loses: sets that are not found any more. babbles: what its control port
    answers makes no sense. sees_routes: its folder is this project's. old_files: it has read
    those of an older fream. version: its own. certificates: the note of their keeper. users_port:
    where it answers users, too; None for nowhere. users_get: in place of what the live set says.
    """

    def __init__(self, directory: Path, apps: Callable[[SetName], FakeApp | None]) -> None:
        self.reload_delay = 0.0
        self.refuses_reloads = False
        self.lingers = 0.0
        self.keeps_accepting = False
        self.old_files = False
        self.babbles = False
        self.sees_routes = True
        self.silent = False
        self.loses: set[SetName] = set()
        self.version = "1.30.0"
        self.certificates = directory.parent / "state.json"
        self._directory = directory
        self._apps = apps
        self.loaded_at = 0.0
        self._next_pid = 100
        self._workers: dict[int, bool] = {}
        self._ends: dict[int, float] = {}
        self._reload_at: float | None = None
        self._live: LiveRelease | None = None
        self._loaded: LiveRelease | None = None
        self._looks = False
        self._changes_at: float | None = None
        self._busy: dict[str, float] = {}
        self._allows = ""
        self._routes = ""
        self._server: HttpServer | None = None
        self._users: HttpServer | None = None
        self.port = 0
        self.users_port: int | None = None
        self.users_get: Reply | None = None
        self.start()

    @property
    def published(self) -> int:
        """Its control port on this server: `port`, or another at each start where that is 0."""
        return self._server.port if self._server else 0

    @property
    def users_published(self) -> int:
        """Its port for users on this server; 0 where there is none."""
        return self._users.port if self._users else 0

    @property
    def running(self) -> bool:
        return self._server is not None

    @property
    def live(self) -> LiveRelease | None:
        """What a user's request is answered by now."""
        self._settle()
        return self._live

    def start(self) -> None:
        """As the container starts."""
        self._load()
        self.silent = False
        self._server = HttpServer(self.port, self._reply)
        if self.users_port is not None:
            self._users = HttpServer(self.users_port, self._reply_to_user)

    def stop(self) -> None:
        """As the container stops."""
        for server in filter(None, (self._server, self._users)):
            server.close()
        self._server = self._users = None
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

    def give(self, name: str, seconds: float) -> None:
        """A request to a set that takes so long."""
        self._busy[name] = time.monotonic() + seconds

    def is_busy(self, name: str) -> bool:
        """Whether a request that a set was given is in flight."""
        return self._busy.get(name, 0.0) > time.monotonic()

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
        self._look(now)
        for pid in [pid for pid, ends in self._ends.items() if now >= ends]:
            del self._workers[pid], self._ends[pid]

    def _look(self, now: float) -> None:
        """As at each request: what the link leads to, or what was read if it leads nowhere."""
        link = self._directory / include.LINK
        named = self._named(link) if link.is_dir() else self._loaded
        if self.old_files or self.refuses_reloads or named == self._live:
            return
        self._changes_at = self._changes_at or now + self.reload_delay
        if now >= self._changes_at:
            self._turn_to(named)

    def _named(self, link: Path) -> LiveRelease | None:
        """What its own answer says, where it routes by the link at all."""
        answer = link / "answer.json"
        if not self._looks or not answer.exists():
            return None
        told = json.loads(answer.read_text(encoding="utf-8"))
        return include.release_of(told["set"], told["version"], told["switch"])

    def _turn_to(self, named: LiveRelease | None) -> None:
        if self._live and (named is None or named.set != self._live.set):
            self.give(self._live.set, self.lingers)
        self._live, self._changes_at = named, None

    def _load(self) -> None:
        self.loaded_at = time.time()
        ends = time.monotonic() + self.lingers
        for pid in self._workers:
            self._ends.setdefault(pid, ends)
            self._workers[pid] = self.keeps_accepting
        self._workers |= {self._next_pid + number: True for number in range(_WORKERS)}
        self._next_pid += _WORKERS
        told = self._directory / maintenance.FILE
        found = maintenance.parse({told.name: told.read_text("utf-8")} if told.exists() else {})
        self._allows = found.id if found else ""
        control = self._directory / routes.FOLDER / "control.conf"
        told_routes = control.read_text("utf-8") if control.exists() else ""
        if self.sees_routes:
            self._routes = "".join(re.findall(r"X-Routes (\S+) always", told_routes))
        self._looks = (self._directory / include.LINK / include.FILE).exists()
        self._loaded = include.read(self._directory)
        self._turn_to(self._loaded)

    def _reply(self, path: str) -> Reply:
        self._settle()
        if self.silent:
            raise ConnectionError  # the client finds its connection closed
        if self.babbles:
            return 200, {}, '["something else"]'
        if path == "/live":
            return 200, self._said(), self._answer() + "\n"
        if path.startswith("/busy/"):
            return 503 if self.is_busy(path.removeprefix("/busy/")) else 204, {}, ""
        if path == "/certificates":
            return _file(self.certificates)
        if path == "/maintenance":
            return _file(self._directory / ".closed" / "maintenance.json")
        name, _, rest = path.removeprefix("/").partition("/")
        if name not in set(SetName):
            return 404, {}, "not found"
        return self._proxied(SetName(name), "/" + rest)

    def _reply_to_user(self, path: str) -> Reply:
        self._settle()
        if self.users_get:
            return self.users_get
        if self.silent:
            raise ConnectionError
        if self._is_shut or self._allows or not self._live:
            return 503, {}, "unavailable"
        return self._proxied(self._live.set, path)

    @property
    def _is_shut(self) -> bool:
        return self._looks and (self._directory / maintenance.PAGE).exists()

    def _said(self) -> dict[str, str]:
        """The headers of its own answer."""
        said = {
            "X-Live-Set": self._live.set if self._live else "",
            "X-Worker": str(max(self._workers)),
            "X-Nginx": self.version,
            "X-Maintenance": self._allows,
            "X-Routes": self._routes,
            "X-Maintenance-Page": ".closed/page" if self._is_shut else "pages/maintenance",
        }
        return {} if self.old_files else {name: value for name, value in said.items() if value}

    def _answer(self) -> str:
        live = self._live if (self._directory / include.LINK).is_dir() or self.old_files else None
        named = {
            "set": live.set if live else "",
            "version": str(live.version) if live else "",
            "switch": live.switch if live else "",
        }
        earlier = {"nginx": self.version, "maintenance": self._allows}
        return json.dumps(named | (earlier if self.old_files else {}))

    def _proxied(self, name: SetName, path: str) -> Reply:
        app = self._apps(name)
        if not app or app.state != "running" or name in self.loses:
            return 502, {"X-Upstream": f"fream_{name}"}, "bad gateway"
        status, headers, body = app.reply(path)
        return status, {**headers, "X-Upstream": f"127.0.0.1:{app.published}"}, body


def _file(path: Path) -> Reply:
    return (200, {}, path.read_text("utf-8")) if path.exists() else (404, {}, "")
