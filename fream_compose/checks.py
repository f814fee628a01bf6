"""Checks of a set that has started: its containers, its own port, then through nginx."""

from collections.abc import Callable

from fream_compose import health, members, web
from fream_compose.errors import EngineError, UnhealthyError
from fream_compose.project import Condition, Project
from fream_compose.proxy import Proxy
from fream_compose.release import SetName, Version
from fream_compose.report import Report
from fream_compose.settings import Health
from fream_compose.warmup import warm_up

_THROUGH_NGINX_SECONDS = 10.0  # nginx looks names up every two seconds; five times that is a fault
_CONTAINERS_POLL_SECONDS = 0.3
# The patience of a check once a release is known to be good: see patience().
_SHORTEST_PATIENCE = 0.5
_TIMES_SLOWEST = 3
_NEXT = "Correct the release, then switch to it again"


class Checks:
    """The checks of one set. pause: sleeps for seconds, and raises when it is interrupted."""

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        name: SetName,
        clock: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._project = project
        self._proxy = proxy
        self._name = name
        self._spec = project.settings.sets[name]
        self._settings = project.settings.switch.health
        self._warm_up = project.settings.switch.warm_up
        self._clock = clock
        self._pause = pause
        self._deadline = 0.0
        self._slowest = 0.0
        self._first: tuple[Condition, ...] = ()

    def now(self) -> bool:
        """Whether the set is healthy on its own port at this moment."""
        return not self.fault()

    def fault(self, seconds: float | None = None) -> str:
        """What is wrong with one answer of the set on its own port; empty when it is good.

        seconds: how long it may take; what the settings say when it is None.
        """
        url, limit = (
            own_url(self._project.port(self._name), self._settings.path),
            seconds or self._request_seconds,
        )
        try:
            answer = web.get(url, limit, self._headers)
        except web.Unreachable as error:
            return str(error)
        return self._judge(answer)

    def remember(self) -> None:
        """Look at the set's containers: the ones that all later looks must find again."""
        self._first = self._project.members(self._name)

    def reject_other_image(self, version: Version) -> None:
        """Raise EngineError when what was started is not the release."""
        wrong = members.other_image(
            self._name,
            self._project.settings.image,
            self._project.image_id(version),
            self._first,
        )
        if wrong:
            raise EngineError(
                f"{self._name} does not run {version.short}",
                wrong,
                next_step="Is the image fixed somewhere? docker compose config",
            )

    def own_port(self) -> str:
        """Wait until the set is healthy on its port of 127.0.0.1, and so are its containers.

        Returns the answer in a few words. Raises UnhealthyError.
        """
        self._deadline = self._clock() + self._settings.timeout.total_seconds()
        probe = self._probe(lambda: self._proxy.introduce(self._name, self._settings.path))
        answer = self._wait(probe, self._settings, self._deadline)
        self._await_containers()
        return f"{self._settings.path} HTTP {answer.status}"

    def _await_containers(self) -> None:
        """Wait until every container that has a health check of its own passes it."""
        while any(member.health for member in self._first):
            changed, ill = self._containers()
            if changed:
                raise self._unhealthy("The new release is not well", changed)
            if not ill:
                return
            if self._clock() >= self._deadline:
                seconds = self._settings.timeout.total_seconds()
                raise self._unhealthy(f"The new release was not healthy within {seconds:g} s", ill)
            self._pause(_CONTAINERS_POLL_SECONDS)

    def through_nginx(self) -> None:
        """Wait until nginx reaches the set too. Raises UnhealthyError."""
        self._wait_through_nginx(max(self._deadline, self._clock() + _THROUGH_NGINX_SECONDS))

    def _wait_through_nginx(self, deadline: float) -> None:
        path = self._settings.path
        probe = health.Probe(
            f"GET {path} from {self._name} through nginx",
            lambda: self._proxy.ask(self._name, path, self._request_seconds, self._headers),
            self._condition,
        )
        self._wait(probe, self._settings.once(), deadline)

    def warm_up(self, report: Report) -> str:
        """Send the requests that the settings ask for, and warn of those that failed.

        Returns how many were sent. Raises UnhealthyError when none is answered well.
        """
        sent, failed = warm_up(self._warm_up, self._ask, self._clock, lambda: self._pause(0))
        if sent == failed:
            raise self._unhealthy(
                "The warm-up got no good answer", f"All of its {sent} requests failed"
            )
        if failed:
            report.warn(f"{failed} of {sent} warm-up requests were not answered well")
        if sent < self._warm_up.requests:
            report.warn(f"The warm-up ended at its time limit after {sent} requests")
        return f"{sent} requests"

    def again(self) -> str:
        """Look once more, right before the cut-over. Returns what was seen.

        The containers must be those that were remembered, never restarted and healthy, and
        the set must answer on its port and through nginx. Raises UnhealthyError.
        """
        changed, ill = self._containers()
        if changed or ill:
            raise self._unhealthy("The new release is no longer what was checked", changed or ill)
        deadline = self._clock() + self._request_seconds
        self._wait(self._probe(), self._settings.once(), deadline)
        self._wait_through_nginx(deadline)
        return "the same containers, and a good answer"

    def changed(self) -> str:
        """How the containers differ from those remembered; empty when they do not.

        Raises EngineError when Docker does not answer.
        """
        return self._containers()[0]

    def _containers(self) -> tuple[str, str]:
        """How the containers differ from those remembered, and which are not healthy."""
        seen = self._project.members(self._name)
        return members.changed(self._first, seen), members.unhealthy(seen)

    def _probe(self, on_first_success: Callable[[], None] = lambda: None) -> health.Probe:
        where = f"GET {own_url(self._project.port(self._name), self._settings.path)}"
        return health.Probe(where, self._ask_health, self._condition, on_first_success)

    @property
    def patience(self) -> float:
        """Seconds that an answer may take by now: three times the slowest good one so far."""
        return max(_SHORTEST_PATIENCE, _TIMES_SLOWEST * self._slowest)

    def _wait(self, probe: health.Probe, settings: Health, deadline: float) -> web.Answer:
        try:
            return health.wait_until_healthy(probe, settings, deadline, self._clock, self._pause)
        except UnhealthyError as error:
            error.logs = self._project.logs(self._spec.container)
            error.next_step = error.next_step or _NEXT
            raise

    def _unhealthy(self, what: str, why: str) -> UnhealthyError:
        return UnhealthyError(
            what, why, logs=self._project.logs(self._spec.container), next_step=_NEXT
        )

    def _ask_health(self) -> web.Answer:
        answer = self._ask(self._settings.path)
        self._judge(answer)
        return answer

    def _judge(self, answer: web.Answer) -> str:
        """What is wrong with an answer; a good one teaches how long they take."""
        fault = health.fault_of(answer, self._settings)
        if not fault:
            self._slowest = max(self._slowest, answer.seconds)
        return fault

    def _ask(self, path: str, seconds: float | None = None) -> web.Answer:
        url = own_url(self._project.port(self._name), path)
        return web.get(url, seconds or self._request_seconds, self._headers)

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
