"""The drain of a set that was replaced: what it has accepted is answered before it goes."""

from collections.abc import Callable

from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.release import SetName
from fream_compose.report import Report

_WITNESS_SECONDS = 2.0  # the second witness of a drain may take so long to agree with the first


class Retirement:
    """Drains a set after the cut-over."""

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        report: Report,
        clock: Callable[[], float],
    ) -> None:
        self._project = project
        self._proxy = proxy
        self._report = report
        self._clock = clock

    def drain(self, old: SetName, workers: tuple[int, ...], pause: Callable[[float], None]) -> str:
        """Wait until nothing is in flight to a set, or the deadline; returns what was seen.

        workers: nginx's from before the reload. pause: sleeps for seconds, and may raise.
        Warns of what will be cut. Raises EngineError.
        """
        seconds = self._project.settings.switch.drain.timeout.total_seconds()
        left = self._proxy.drain(workers, seconds, pause)
        connections = self._open_connections(old, pause, wait=not left)
        if not (left or connections):
            return "nothing in flight"
        self._report.warn(f"what is still open to {old} is cut when it stops")
        counted = f"{connections} open connections, " if connections else ""
        return f"{counted}{left} nginx workers busy at the deadline"

    def _open_connections(
        self, old: SetName, pause: Callable[[float], None], wait: bool
    ) -> int | None:
        """The second witness: connections to the old app; None where it cannot be asked."""
        spec = self._project.settings.sets[old]
        deadline = self._clock() + (_WITNESS_SECONDS if wait else 0)
        while count := self._project.connections(spec.container, spec.inner_port):
            if self._clock() >= deadline:
                break
            pause(0.1)
        return count
