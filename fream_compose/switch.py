"""The switch: a new release takes over from the live one, and no request is dropped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from fream_compose import health, ports, web
from fream_compose.errors import FreamError, UncertainError, UnhealthyError
from fream_compose.history import Entry, History, who
from fream_compose.interruption import Interruption
from fream_compose.observe import observe
from fream_compose.plan import Mend, Plan, decide, profiles
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, Version, new_switch_id
from fream_compose.report import Report, Step
from fream_compose.settings import Health
from fream_compose.undo import Undo

_THROUGH_NGINX_SECONDS = 10.0  # nginx asks Docker's DNS once a second; ten times that is a fault


@dataclass(frozen=True)
class Outcome:
    """A switch that was done: what serves now, what it replaced, seconds it took in all."""

    live: Live
    replaced: Live | None
    seconds: float


class Switch:
    """One switch of one project, told step by step in run()."""

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        history: History,
        report: Report,
        interruption: Interruption,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = project
        self._settings = project.settings
        self._proxy = proxy
        self._history = history
        self._report = report
        self._interruption = interruption
        self._clock = clock

    def run(self, version: Version) -> Outcome:
        """Release a version into the idle set and make it live.

        Raises a FreamError with all undone when it fails before the cut-over; after it,
        whatever fails is a warning. Raises UncertainError when an undo failed.
        """
        began, started = self._clock(), datetime.now(UTC)
        snapshot = observe(self._project, self._proxy)
        plan = decide(snapshot)
        release = Live(plan.target, version, new_switch_id(started))
        try:
            with Undo(self._report) as undo:
                self._put_right(plan)
                release = self._fetch(release)
                self._start(release, undo)
                self._wait_until_healthy(release)
                old_workers = self._cut_over(release, plan.replaces, undo)
        except FreamError as error:
            if not isinstance(error, UncertainError):
                error.serving = serving(plan.replaces)
            self._log(release, plan, started, began, error)
            raise
        self._record(release)
        self._retire(plan, old_workers)
        self._log(release, plan, started, began)
        return Outcome(release, plan.replaces, round(self._clock() - began, 3))

    def _put_right(self, plan: Plan) -> None:
        for mend in plan.mends:
            with self._step(f"Put right: {mend.value}"):
                if mend is Mend.INCLUDE:
                    self._proxy.go_back(plan.replaces, self._cut_over_seconds)
                else:
                    self._clear(plan)

    def _clear(self, plan: Plan) -> None:
        """Remove what is not live, once no old worker of nginx sends requests there."""
        leaving = tuple(pid for pid, accepts in self._proxy.workers().items() if not accepts)
        self._proxy.drain(leaving, self._drain_seconds, self._interruption.wait)
        self._project.remove(plan.target)
        if plan.replaces is None:
            self._project.remove(plan.target.other)

    def _fetch(self, release: Live) -> Live:
        with self._step(f"Pull {release.version.tag}") as step:
            version = self._project.fetch(release.version, self._interruption.check)
            step.detail = version.short
        return Live(release.set, version, release.switch)

    def _start(self, release: Live, undo: Undo) -> None:
        spec = self._settings.sets[release.set]
        variable = f"{release.set.upper()}_VERSION"
        before = self._project.env.get(variable)
        ports.reject_taken({release.set: (("127.0.0.1", spec.port),)})
        with self._step(f"Start {release.set}"):
            undo.add(
                f"Restore {variable} in .env",
                f"set {variable}={before} in {self._project.env.path}",
                lambda: self._project.env.update({variable: before}),
            )
            self._project.env.update({variable: str(release.version)})
            undo.add(
                f"Remove {release.set}",
                f"docker compose --profile '*' rm --stop --force {' '.join(spec.services)}",
                lambda: self._project.remove(release.set),
            )
            try:
                self._project.up(spec.services)
            except FreamError as error:
                error.logs = error.logs or self._project.logs(spec.container)
                raise

    def _wait_until_healthy(self, release: Live) -> None:
        spec, settings = self._settings.sets[release.set], self._settings.switch.health
        timeout = settings.request_timeout.total_seconds()
        url = f"http://127.0.0.1:{spec.port}{settings.path}"
        deadline = self._clock() + settings.timeout.total_seconds()
        own_port = health.Probe(
            f"GET {url}",
            lambda: web.get(url, timeout),
            lambda: self._project.condition(spec.container),
            lambda: self._proxy.introduce(release.set, settings.path, timeout),
        )
        through_nginx = health.Probe(
            f"GET {settings.path} from {release.set} through nginx",
            lambda: self._proxy.ask(release.set, settings.path, timeout),
            own_port.condition,
        )
        try:
            with self._step(f"Check the health of {release.set}") as step:
                answer = self._healthy(own_port, settings, deadline)
                step.detail = f"{settings.path} HTTP {answer.status}"
            with self._step(f"Check {release.set} through nginx"):
                deadline = max(deadline, self._clock() + _THROUGH_NGINX_SECONDS)
                self._healthy(through_nginx, settings.once(), deadline)
        except UnhealthyError as error:
            error.logs = self._project.logs(spec.container)
            error.next_step = error.next_step or "Mend the release, then switch to it again"
            raise

    def _healthy(self, probe: health.Probe, settings: Health, deadline: float) -> web.Answer:
        return health.wait_until_healthy(
            probe, settings, deadline, self._clock, self._interruption.wait
        )

    def _cut_over(self, release: Live, replaces: Live | None, undo: Undo) -> tuple[int, ...]:
        """The commit point: when nginx has confirmed, nothing is undone any more."""
        with self._step(f"Cut over to {release.set}") as step:
            self._proxy.test(release)
            self._interruption.check()
            undo.add(
                f"Go back to {replaces.set if replaces else 'no release'}",
                f"fream switch --version {replaces.version if replaces else release.version}",
                lambda: self._proxy.go_back(replaces, self._cut_over_seconds),
            )
            workers = self._proxy.serve(release, self._cut_over_seconds)
            self._interruption.disregard()
            undo.forget()
            step.detail = "confirmed by nginx"
        return workers

    def _record(self, release: Live) -> None:
        """A plain `docker compose up -d` starts the live set from now on, and no other."""
        with self._warning("`.env` does not name the live set"):
            env = self._project.env
            env.update(
                {
                    "COMPOSE_PROFILES": profiles(env.get("COMPOSE_PROFILES"), release.set),
                    f"{release.set.upper()}_VERSION": str(release.version),
                }
            )

    def _retire(self, plan: Plan, old_workers: tuple[int, ...]) -> None:
        if plan.replaces is None:
            return
        old = plan.replaces.set
        with self._warning(f"{old} was not drained"), self._step(f"Drain {old}") as step:
            left = self._proxy.drain(old_workers, self._drain_seconds, self._pause)
            step.detail = "nothing in flight"
            if left:
                step.detail = f"{left} nginx workers still busy at the deadline"
                self._report.warn(f"what is still open to {old} is cut when it stops")
        with self._warning(f"{old} is still there"), self._step(f"Stop and remove {old}"):
            self._project.remove(old)

    def _pause(self, seconds: float) -> None:
        if self._interruption.pending:
            self._report.note_once("The cut-over is done; finishing. Interrupt again to leave now")
        self._interruption.wait(seconds)

    def _log(
        self,
        release: Live,
        plan: Plan,
        started: datetime,
        began: float,
        error: FreamError | None = None,
    ) -> None:
        entry = Entry(
            id=release.switch,
            version=str(release.version),
            set=release.set,
            replaced=str(plan.replaces.version) if plan.replaces else "",
            started=started.isoformat(timespec="seconds"),
            seconds=round(self._clock() - began, 3),
            result="done" if error is None else type(error).__name__,
            by=who(),
            steps=dict(self._report.seconds),
            why=f"{error}: {error.why}" if error else "",
        )
        with self._warning("the history lacks this switch"):
            self._history.add(entry)

    @contextmanager
    def _step(self, title: str) -> Iterator[Step]:
        self._interruption.check()
        with self._report.step(title) as step:
            yield step

    @contextmanager
    def _warning(self, what: str) -> Iterator[None]:
        try:
            yield
        except FreamError as error:
            self._report.warn(f"{what}: {error}" + (f" ({error.why})" if error.why else ""))

    @property
    def _cut_over_seconds(self) -> float:
        return self._settings.switch.cut_over.timeout.total_seconds()

    @property
    def _drain_seconds(self) -> float:
        return self._settings.switch.drain.timeout.total_seconds()


def serving(live: Live | None) -> str:
    """What an operator wants to know first when a switch failed."""
    if live is None:
        return "Nothing was live before, and nothing is now"
    return f"{live.version.short} in {live.set} serves as before"
