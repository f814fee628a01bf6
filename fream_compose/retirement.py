"""The end of a set that was replaced: drained first, then stopped and removed."""

from collections.abc import Callable

from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.release import SetName
from fream_compose.report import Report

_WITNESS_SECONDS = 2.0  # the second witness of a drain may take so long to agree with the first


class Retirement:
    """Retires a set after the cut-over. pause: sleeps for seconds."""

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        report: Report,
        clock: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._project = project
        self._proxy = proxy
        self._report = report
        self._clock = clock
        self._pause = pause

    def drain(self, old: SetName, workers: tuple[int, ...]) -> None:
        """Wait until nothing is in flight to a set, or the deadline. Raises EngineError.

        workers: nginx's from before the reload. Warns of what will be cut.
        """
        seconds = self._project.settings.switch.drain.timeout.total_seconds()
        with self._report.step(f"Drain {old}") as step:
            left = self._proxy.drain(workers, seconds, self._pause)
            connections = self._open_connections(old, wait=not left)
            step.detail = "nothing in flight"
            if left or connections:
                counted = f"{connections} open connections, " if connections else ""
                step.detail = f"{counted}{left} nginx workers busy at the deadline"
                self._report.warn(f"what is still open to {old} is cut when it stops")

    def remove(self, old: SetName) -> None:
        """Stop a set, with the time that the app needs to finish, and remove it."""
        with self._report.step(f"Stop and remove {old}"):
            self._project.remove(old)

    def _open_connections(self, old: SetName, wait: bool) -> int | None:
        """The second witness: connections to the old app; None where it cannot be asked."""
        spec = self._project.settings.sets[old]
        deadline = self._clock() + (_WITNESS_SECONDS if wait else 0)
        while count := self._project.connections(spec.container, spec.inner_port):
            if self._clock() >= deadline:
                break
            self._pause(0.1)
        return count
