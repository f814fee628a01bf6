"""What goes on, look after look: the status, the traffic, the drain, the last releases."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, FreamError
from fream_compose.nginx.proxy import Proxy
from fream_compose.nginx.traffic import SetTraffic, Traffic
from fream_compose.operations.status import Status, status
from fream_compose.project.entry import Entry
from fream_compose.project.history import History
from fream_compose.release import SetName

_FIRST_SECONDS = 1.0  # until there is something to show
_EVENTS = 10


@dataclass(frozen=True)
class Frame:
    """One look. at: ISO 8601 in UTC. status: None while it cannot be had; trouble says why.

    draining: the idle set while requests that it was given are in flight, and for how many
    seconds they have been; empty when there are none. connections: open from nginx to the app of
    each set that runs, idle ones too; none where that is not known. events: the last releases,
    the newest last.
    """

    at: str
    status: Status | None
    trouble: str
    traffic: dict[str, SetTraffic]
    draining: str
    draining_seconds: float
    events: tuple[Entry, ...]
    connections: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(replace(self, status=None)) | {
            "status": self.status.to_json() if self.status else None
        }


class Watch:
    """Looks at a project again and again, and changes nothing."""

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        history: History,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = project
        self._proxy = proxy
        self._history = history
        self._clock = clock
        self._drains_since: float | None = None
        self._traffic = Traffic(
            lambda lines: project.containers.follow(project.settings.nginx_container, lines)
        )

    def frames(self, interval: float, count: int, wait: Callable[[float], None]) -> Iterator[Frame]:
        """A frame for each interval, in seconds; count: how many, 0 for no end."""
        wait(min(interval, _FIRST_SECONDS))
        number = 1
        yield self.look()
        while number != count:
            wait(interval)
            number += 1
            yield self.look()

    def look(self) -> Frame:
        """Look once."""
        found, trouble = self._status()
        draining = self._draining(found)
        if not draining:
            self._drains_since = None
        elif self._drains_since is None:
            self._drains_since = self._clock()
        since = self._drains_since
        return Frame(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            status=found,
            trouble=trouble,
            traffic=self._traffic.look(),
            draining=draining,
            draining_seconds=0.0 if since is None else round(self._clock() - since, 1),
            events=self._events(),
            connections=self._connections(found),
        )

    def close(self) -> None:
        """End what reads nginx's log."""
        self._traffic.close()

    def _status(self) -> tuple[Status | None, str]:
        try:
            return status(self._project, self._proxy), ""
        except FreamError as error:
            return None, f"{error}: {error.why}" if error.why else str(error)

    def _events(self) -> tuple[Entry, ...]:
        """None where the history cannot be read: there is more to watch than that."""
        try:
            return self._history.entries()[-_EVENTS:]
        except ConfigurationError:
            return ()

    def _connections(self, found: Status | None) -> dict[str, int]:
        runs = {c.service for c in found.containers if c.state == "running"} if found else set()
        sets = [one for one in self._project.settings.sets.values() if one.name in runs]
        ask = self._project.containers.connections
        counted = {one.name: ask(one.container, one.inner_port) for one in sets}
        return {str(name): count for name, count in counted.items() if count is not None}

    def _draining(self, found: Status | None) -> str:
        idle = found.idle if found else ""
        try:
            return idle if idle and self._proxy.busy(SetName(idle)) else ""
        except FreamError:
            return ""
