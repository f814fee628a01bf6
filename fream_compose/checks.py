"""Checks of a set that has started: on its own port, then through nginx."""

from collections.abc import Callable

from fream_compose import health, web
from fream_compose.errors import UnhealthyError
from fream_compose.project import Condition, Project
from fream_compose.proxy import Proxy
from fream_compose.release import SetName
from fream_compose.report import Report
from fream_compose.settings import Health
from fream_compose.warmup import warm_up

_THROUGH_NGINX_SECONDS = 10.0  # nginx looks names up every two seconds; five times that is a fault


class Checks:
    """The checks of one set. pause: sleeps for seconds, and raises when it is interrupted.

    between: called once, between the first good answer and the second.
    """

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        name: SetName,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._between = between
        self._project = project
        self._proxy = proxy
        self._name = name
        self._spec = project.settings.sets[name]
        self._settings = project.settings.switch.health
        self._warm_up = project.settings.switch.warm_up
        self._clock = clock
        self._pause = pause
        self._deadline = clock() + self._settings.timeout.total_seconds()

    def now(self) -> bool:
        """Whether the set is healthy on its own port at this moment."""
        try:
            return not health.fault_of(self._ask(self._settings.path), self._settings)
        except web.Unreachable:
            return False

    def own_port(self, report: Report) -> None:
        """Wait until the set is healthy on its port of 127.0.0.1. Raises UnhealthyError."""
        path = self._settings.path
        probe = health.Probe(
            f"GET {own_url(self._project.port(self._name), path)}",
            lambda: self._ask(path),
            self._condition,
            self._on_first_success,
        )
        with report.step(f"Check the health of {self._name}") as step:
            answer = self._wait(probe, self._settings, self._deadline)
            step.detail = f"{path} HTTP {answer.status}"

    def through_nginx(self, report: Report) -> None:
        """Wait until nginx reaches the set too. Raises UnhealthyError."""
        path = self._settings.path
        probe = health.Probe(
            f"GET {path} from {self._name} through nginx",
            lambda: self._proxy.ask(self._name, path, self._request_seconds, self._headers),
            self._condition,
        )
        with report.step(f"Check {self._name} through nginx"):
            deadline = max(self._deadline, self._clock() + _THROUGH_NGINX_SECONDS)
            self._wait(probe, self._settings.once(), deadline)

    def warm_up(self, report: Report) -> None:
        """Send the requests that the settings ask for; none by default."""
        if not self._warm_up.paths:
            return
        with report.step(f"Warm up {self._name}") as step:
            sent, failed = warm_up(self._warm_up, self._ask, self._clock, lambda: self._pause(0))
            step.detail = f"{sent} requests"
        if failed:
            report.warn(f"{failed} of {sent} warm-up requests were not answered well")
        if sent < self._warm_up.requests:
            report.warn(f"The warm-up ended at its time limit after {sent} requests")

    def _wait(self, probe: health.Probe, settings: Health, deadline: float) -> web.Answer:
        try:
            return health.wait_until_healthy(probe, settings, deadline, self._clock, self._pause)
        except UnhealthyError as error:
            error.logs = self._project.logs(self._spec.container)
            error.next_step = error.next_step or "Mend the release, then switch to it again"
            raise

    def _on_first_success(self) -> None:
        self._proxy.introduce(self._name, self._settings.path)
        self._between()

    def _ask(self, path: str) -> web.Answer:
        return web.get(
            own_url(self._project.port(self._name), path), self._request_seconds, self._headers
        )

    def _condition(self) -> Condition:
        return self._project.condition(self._spec.container)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Host": self._settings.host} if self._settings.host else {}

    @property
    def _request_seconds(self) -> float:
        return self._settings.request_timeout.total_seconds()


def own_url(port: int, path: str) -> str:
    """Where a set is reached without nginx."""
    return f"http://127.0.0.1:{port}{path}"
