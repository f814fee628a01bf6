"""Checks of a set that has started: its containers, its services, then through nginx."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from fream_compose import http, times
from fream_compose.docker.facts import Condition
from fream_compose.errors import EngineError, UnhealthyError
from fream_compose.operations import health, members
from fream_compose.operations.asked import Asked, asked_of
from fream_compose.operations.context import Context
from fream_compose.operations.health import Seen
from fream_compose.operations.service import Service
from fream_compose.operations.warm_up import warm_up
from fream_compose.project.health_settings import Health
from fream_compose.release import SetName, Version
from fream_compose.report import Saw, unseen
from fream_compose.text import count

_THROUGH_NGINX_SECONDS = 10.0  # nginx looks names up every two seconds; five times that is a fault
_CONTAINERS_POLL_SECONDS = 0.3
_SETTLE_SECONDS = 3.0  # what crashes as it starts has done so by then
# The patience of a check once a release is known to be good: see patience().
_SHORTEST_PATIENCE = 0.5
_TIMES_SLOWEST = 3
_NEXT = "Correct the release, then switch to it again"


class Checks:
    """The checks of one set."""

    def __init__(self, context: Context, name: SetName) -> None:
        self._context = context
        self._project = context.project
        self.name = name
        self._warm_up = context.settings.switch.warm_up
        self._clock = context.clock
        self._pause = context.interruption.wait
        self._check = context.interruption.check
        self._deadline = 0.0
        self._slowest = 0.0
        self._first: tuple[Condition, ...] = ()
        self._asked = asked_of(context, name)
        self._app = self._asked[0].service
        self._ill: Service | None = None
        self._settled = 0.0
        self._culprit = ""

    def leave_out_later(self) -> None:
        """Ask nothing of services that the set has no container of: they came after its release."""
        with suppress(EngineError):  # then it is asked, and says so
            there = {member.service for member in self._project.containers.members(self.name)}
            asked = (a for a in self._asked[1:] if a.service.service in there)
            self._asked = (self._asked[0], *asked)

    def now(self) -> bool:
        """Whether the set is healthy without nginx at this moment."""
        return not self.fault()

    def fault(self, seconds: float | None = None) -> str:
        """What is wrong with one look at each service of the set; empty when all are good.

        seconds: how long it may take; what the settings say when it is None.
        """
        try:
            return self.look(seconds)
        except EngineError as error:
            return f"{error}: {error.why}"

    def look(self, seconds: float | None = None) -> str:
        """The same. Raises EngineError where Docker must be asked, and gives no answer."""
        for asked in self._asked:
            seen = asked.kind.look(seconds or asked.seconds)
            if seen.fault:
                self._ill = asked.service
                return asked.service.told(seen.fault)
            self._learn(seen)
        return ""

    def remember(self, new: bool = True) -> None:
        """Look at the set's containers: the ones that all later looks must find again.

        new: whether they have just started.
        """
        early = self._context.settings.early_services(self.name)
        members = self._project.containers.members(self.name)
        self._first = tuple(member for member in members if member.service in early)
        beside = any(member.service != self.name for member in self._first)
        self._settled = self._clock() + _SETTLE_SECONDS if new and beside else 0.0

    def remember_late(self) -> None:
        """Have later looks find those, too, that started after the cut-over. Raises EngineError."""
        known = {member.id for member in self._first}
        late = self._context.settings.late_services(self.name).values()
        members = self._project.containers.members(self.name)
        new = (m for m in members if m.service in late and m.id not in known)
        self._first = (*self._first, *new)

    def reject_other_image(self, version: Version, ids: Mapping[str, str]) -> None:
        """Raise EngineError when what was started is not the release. ids: by service."""
        image = self._project.settings.image
        wrong = members.other_image(self.name, image, ids, self._first)
        if wrong:
            raise EngineError(
                f"{self.name} does not run {version.short}",
                wrong,
                next_step="Is the image fixed somewhere? docker compose config",
            )

    def own_port(self, saw: Saw = unseen) -> str:
        """Wait until each service of the set is healthy, and so are its containers.

        saw: gets what was seen last. Returns the answers in a few words. Raises UnhealthyError.
        """
        began, limit = self._clock(), max(asked.limit for asked in self._asked)
        self._deadline = began + limit
        told = []
        for asked in self._asked:
            seen = self._wait_for(asked, asked.health, began + asked.limit, saw)
            told.append(asked.service.told(f"{asked.health} {seen.said}"))
        self._await_containers(limit, saw)
        return ", ".join(told)

    def _await_containers(self, limit: float, saw: Saw) -> None:
        """Wait until every container that has a health check of its own passes it."""
        while any(member.health or member.service != self.name for member in self._first):
            changed, failing = self._containers()
            if changed:
                raise self._unhealthy("The new release is not well", changed)
            if not failing:
                return
            if self._clock() >= self._deadline:
                raise self._unhealthy(
                    f"The new release was not healthy within {times.limit(limit)}", failing
                )
            saw(failing)
            self._pause(_CONTAINERS_POLL_SECONDS)

    @property
    def left(self) -> float:
        """The seconds that nginx gets to reach the set, too."""
        return max(self._deadline - self._clock(), _THROUGH_NGINX_SECONDS)

    def through_nginx(self, saw: Saw = unseen) -> None:
        """Wait until nginx reaches the set too. Raises UnhealthyError."""
        self._wait_through_nginx(self._clock() + self.left, saw)

    def _wait_through_nginx(self, deadline: float, saw: Saw = unseen) -> None:
        for asked in self._asked:
            if nginx := asked.nginx:
                look = partial(nginx.look, asked.seconds, self._check)
                probe = health.Probe(asked.service.told(nginx.where), look, asked.service.condition)
                self._wait(asked.service, probe, asked.health.once(), deadline, saw)

    def warm_up(self, saw: Saw = unseen) -> str:
        """Send the requests that the settings ask for, and warn of those that failed.

        Returns how many were sent, as saw does. Raises UnhealthyError when none is answered well.
        """
        sent, failed = warm_up(self._warm_up, self._ask, self._clock, lambda: self._pause(0), saw)
        asked = count(sent, "warm-up request")
        if sent == failed:
            raise self._unhealthy("The warm-up got no good answer", f"Asked: {asked}")
        if failed:
            self._context.report.warn(f"{failed:,} of {asked} got no good answer")
        if sent < self._warm_up.requests:
            self._context.report.warn(f"The warm-up ended at its time limit, after {asked}")
        return count(sent, "request")

    def again(self) -> str:
        """Look once more, right before the cut-over. Returns what was seen.

        The containers must be those that were remembered, never restarted and healthy, and
        the set must answer on its port and through nginx. A worker has no such answer: it
        must have run for a while. Raises UnhealthyError.
        """
        self._pause(max(0.0, self._settled - self._clock()))
        changed, failing = self._containers()
        if changed or failing:
            raise self._unhealthy(
                "The new release is no longer what was checked", changed or failing
            )
        for asked in self._asked:
            self._wait_for(asked, asked.health.once(), self._clock() + asked.seconds)
        self._wait_through_nginx(self._clock() + max(asked.seconds for asked in self._asked))
        return "the same containers, and a good answer"

    def changed(self) -> str:
        """How the containers differ from those remembered, or fare ill; empty when they do not.

        Raises EngineError when Docker does not answer.
        """
        seen = self._look()
        return members.changed(self._first, seen) or members.sick(seen)

    def logs(self) -> tuple[str, ...]:
        """The last lines of the container that was found bad, or of the app."""
        ill = self._ill or self._app
        return self._project.containers.logs(self._culprit or ill.container)

    def _containers(self) -> tuple[str, str]:
        """How the containers differ from those remembered, and which are not healthy."""
        seen = self._look()
        return members.changed(self._first, seen), members.unhealthy(seen)

    def _look(self) -> tuple[Condition, ...]:
        """The containers remembered, as they are now."""
        known = {member.id for member in self._first}
        seen = tuple(m for m in self._project.containers.members(self.name) if m.id in known)
        self._culprit = members.culprit(self._first, seen)
        return seen

    @property
    def patience(self) -> float:
        """Seconds that an answer may take by now: three times the slowest good one so far."""
        return max(_SHORTEST_PATIENCE, _TIMES_SLOWEST * self._slowest)

    def _wait_for(self, asked: Asked, settings: Health, deadline: float, saw: Saw = unseen) -> Seen:
        """Wait for one service, as long as its settings say."""
        probe = health.Probe(
            asked.service.told(asked.kind.where),
            lambda: self._learn(asked.kind.look(asked.seconds, self._check)),
            asked.service.condition,
        )
        return self._wait(asked.service, probe, settings, deadline, saw)

    def _wait(
        self, service: Service, probe: health.Probe, settings: Health, deadline: float, saw: Saw
    ) -> Seen:
        waits = settings, deadline, self._clock, self._pause, lambda seen: saw(service.told(seen))
        try:
            return health.wait_until_healthy(probe, *waits)
        except UnhealthyError as error:
            error.logs = self._project.containers.logs(service.container)
            error.next_step = error.next_step or _NEXT
            raise

    def _unhealthy(self, what: str, why: str) -> UnhealthyError:
        return UnhealthyError(what, why, logs=self.logs(), next_step=_NEXT)

    def _learn(self, seen: Seen) -> Seen:
        """A good answer teaches how long they take."""
        self._slowest = self._slowest if seen.fault else max(self._slowest, seen.seconds)
        return seen

    def _ask(self, path: str) -> http.Answer:
        port, app = self._project.containers.port(self.name), self._asked[0]
        url = f"http://127.0.0.1:{port}{path}"
        return http.get(url, app.seconds, app.health.headers, self._check)
