"""Checks of a set that has started: its containers, its own port, then through nginx."""

from fream_compose import http
from fream_compose.docker.facts import Condition
from fream_compose.errors import EngineError, UnhealthyError
from fream_compose.operations import health, members
from fream_compose.operations.context import Context
from fream_compose.operations.warm_up import warm_up
from fream_compose.project.x_fream import Health
from fream_compose.release import SetName, Version

_THROUGH_NGINX_SECONDS = 10.0  # nginx looks names up every two seconds; five times that is a fault
_CONTAINERS_POLL_SECONDS = 0.3
# The patience of a check once a release is known to be good: see patience().
_SHORTEST_PATIENCE = 0.5
_TIMES_SLOWEST = 3
_NEXT = "Correct the release, then switch to it again"


class Checks:
    """The checks of one set."""

    def __init__(self, context: Context, name: SetName) -> None:
        self._context = context
        self._project = context.project
        self._proxy = context.proxy
        self.name = name
        self._spec = context.settings.sets[name]
        self._settings = context.settings.switch.health
        self._warm_up = context.settings.switch.warm_up
        self._clock = context.clock
        self._pause = context.interruption.wait
        self._check = context.interruption.check
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
            own_url(self._project.containers.port(self.name), self._settings.path),
            seconds or self._request_seconds,
        )
        try:
            answer = http.get(url, limit, self._headers)
        except http.Unreachable as error:
            return str(error)
        return self._judge(answer)

    def remember(self) -> None:
        """Look at the set's containers: the ones that all later looks must find again."""
        self._first = self._project.containers.members(self.name)

    def reject_other_image(self, version: Version) -> None:
        """Raise EngineError when what was started is not the release."""
        wrong = members.other_image(
            self.name,
            self._project.settings.image,
            self._project.images.image_id(version),
            self._first,
        )
        if wrong:
            raise EngineError(
                f"{self.name} does not run {version.short}",
                wrong,
                next_step="Is the image fixed somewhere? docker compose config",
            )

    def own_port(self) -> str:
        """Wait until the set is healthy on its port of 127.0.0.1, and so are its containers.

        Returns the answer in a few words. Raises UnhealthyError.
        """
        self._deadline = self._clock() + self._settings.timeout.total_seconds()
        answer = self._wait(self._probe(), self._settings, self._deadline)
        self._await_containers()
        return f"{self._settings.path} HTTP {answer.status}"

    def _await_containers(self) -> None:
        """Wait until every container that has a health check of its own passes it."""
        while any(member.health for member in self._first):
            changed, failing = self._containers()
            if changed:
                raise self._unhealthy("The new release is not well", changed)
            if not failing:
                return
            if self._clock() >= self._deadline:
                seconds = self._settings.timeout.total_seconds()
                raise self._unhealthy(
                    f"The new release was not healthy within {seconds:g} s", failing
                )
            self._pause(_CONTAINERS_POLL_SECONDS)

    def through_nginx(self) -> None:
        """Wait until nginx reaches the set too. Raises UnhealthyError."""
        self._wait_through_nginx(max(self._deadline, self._clock() + _THROUGH_NGINX_SECONDS))

    def _wait_through_nginx(self, deadline: float) -> None:
        path = self._settings.path
        probe = health.Probe(
            f"GET {path} from {self.name} through nginx",
            lambda: self._proxy.ask(
                self.name, path, self._request_seconds, self._headers, self._check
            ),
            self._condition,
        )
        self._wait(probe, self._settings.once(), deadline)

    def warm_up(self) -> str:
        """Send the requests that the settings ask for, and warn of those that failed.

        Returns how many were sent. Raises UnhealthyError when none is answered well.
        """
        sent, failed = warm_up(self._warm_up, self._ask, self._clock, lambda: self._pause(0))
        if sent == failed:
            raise self._unhealthy(
                "The warm-up got no good answer", f"All of its {sent} requests failed"
            )
        if failed:
            self._context.report.warn(f"{failed} of {sent} warm-up requests were not answered well")
        if sent < self._warm_up.requests:
            self._context.report.warn(f"The warm-up ended at its time limit after {sent} requests")
        return f"{sent} requests"

    def again(self) -> str:
        """Look once more, right before the cut-over. Returns what was seen.

        The containers must be those that were remembered, never restarted and healthy, and
        the set must answer on its port and through nginx. Raises UnhealthyError.
        """
        changed, failing = self._containers()
        if changed or failing:
            raise self._unhealthy(
                "The new release is no longer what was checked", changed or failing
            )
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
        seen = self._project.containers.members(self.name)
        return members.changed(self._first, seen), members.unhealthy(seen)

    def _probe(self) -> health.Probe:
        where = f"GET {own_url(self._project.containers.port(self.name), self._settings.path)}"
        return health.Probe(where, self._ask_health, self._condition)

    @property
    def patience(self) -> float:
        """Seconds that an answer may take by now: three times the slowest good one so far."""
        return max(_SHORTEST_PATIENCE, _TIMES_SLOWEST * self._slowest)

    def _wait(self, probe: health.Probe, settings: Health, deadline: float) -> http.Answer:
        try:
            return health.wait_until_healthy(probe, settings, deadline, self._clock, self._pause)
        except UnhealthyError as error:
            error.logs = self._project.containers.logs(self._spec.container)
            error.next_step = error.next_step or _NEXT
            raise

    def _unhealthy(self, what: str, why: str) -> UnhealthyError:
        return UnhealthyError(
            what, why, logs=self._project.containers.logs(self._spec.container), next_step=_NEXT
        )

    def _ask_health(self) -> http.Answer:
        answer = self._ask(self._settings.path)
        self._judge(answer)
        return answer

    def _judge(self, answer: http.Answer) -> str:
        """What is wrong with an answer; a good one teaches how long they take."""
        fault = health.fault_of(answer, self._settings)
        if not fault:
            self._slowest = max(self._slowest, answer.seconds)
        return fault

    def _ask(self, path: str, seconds: float | None = None) -> http.Answer:
        url = own_url(self._project.containers.port(self.name), path)
        return http.get(url, seconds or self._request_seconds, self._headers, self._check)

    def _condition(self) -> Condition:
        return self._project.containers.condition(self._spec.container)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Host": self._settings.host} if self._settings.host else {}

    @property
    def _request_seconds(self) -> float:
        return self._settings.request_timeout.total_seconds()


def own_url(port: int, path: str) -> str:
    """Where a set is reached without nginx."""
    return f"http://127.0.0.1:{port}{path}"
