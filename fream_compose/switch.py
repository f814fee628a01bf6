"""The switch: a new release takes over from the live one, and no request is dropped."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from fream_compose import ports
from fream_compose.checks import Checks
from fream_compose.errors import FreamError, UncertainError
from fream_compose.evidence import Evidence, Recorder, recording
from fream_compose.history import Entry, History, who
from fream_compose.interruption import Interruption
from fream_compose.observe import version_variable
from fream_compose.plan import Mend, Plan, decide
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.recovery import Recovery, record
from fream_compose.release import Live, SetName, Version, new_switch_id
from fream_compose.report import Report, Step
from fream_compose.undo import Undo

_WITNESS_SECONDS = 2.0  # the second witness of a drain may take so long to agree with the first


@dataclass(frozen=True)
class Outcome:
    """A switch that was done: what serves now, what it replaced, the proof, seconds in all."""

    live: Live
    replaced: Live | None
    evidence: Evidence
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
        self._recovery = Recovery(project, proxy, report, interruption, clock)

    def run(self, version: Version) -> Outcome:
        """Release a version into the idle set and make it live.

        Raises a FreamError with all undone when it fails before the cut-over; after it,
        whatever fails is a warning. Raises UncertainError when an undo failed.
        """
        began, started = self._clock(), datetime.now(UTC)
        plan = decide(self._recovery.put_right(despite=Mend.LIVE_SET))
        release = Live(plan.target, version, new_switch_id(started))
        with recording(self._follow_log) as recorder:
            try:
                with Undo(self._report) as undo:
                    release = self._fetch(release)
                    self._start(release, undo)
                    self._check(release)
                    old_workers = self._cut_over(release, plan.replaces, recorder, undo)
            except FreamError as error:
                if not isinstance(error, UncertainError):
                    error.serving = serving(plan.replaces)
                self._log(release, plan, started, began, error)
                raise
            self._record(release)
            self._retire(plan, old_workers)
            evidence = recorder.finish(release.set)
        self._log(release, plan, started, began, evidence=evidence)
        return Outcome(release, plan.replaces, evidence, round(self._clock() - began, 3))

    def _fetch(self, release: Live) -> Live:
        with self._step(f"Pull {release.version.tag}") as step:
            version = self._project.fetch(release.version, self._interruption.check)
            step.detail = version.short
        return Live(release.set, version, release.switch)

    def _start(self, release: Live, undo: Undo) -> None:
        spec, env = self._settings.sets[release.set], self._project.env
        variable = version_variable(release.set)
        before = env.get(variable)
        ports.reject_taken({release.set: (("127.0.0.1", spec.port),)})
        with self._step(f"Start {release.set}"):
            undo.add(
                f"Restore {variable} in .env",
                f"set {variable}={before} in {env.path}",
                lambda: env.update({variable: before}),
            )
            env.update({variable: str(release.version)})
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

    def _check(self, release: Live) -> None:
        checks = Checks(
            self._project, self._proxy, release.set, self._clock, self._interruption.wait
        )
        for check in (checks.own_port, checks.through_nginx, checks.warm_up):
            self._interruption.check()
            check(self._report)

    def _cut_over(
        self, release: Live, replaces: Live | None, recorder: Recorder, undo: Undo
    ) -> tuple[int, ...]:
        """The commit point: when nginx has confirmed, nothing is undone any more."""
        with self._step(f"Cut over to {release.set}") as step:
            self._proxy.test(release)
            self._interruption.check()
            undo.add(
                f"Go back to {replaces.set if replaces else 'no release'}",
                f"fream switch --version {replaces.version if replaces else release.version}",
                lambda: self._proxy.go_back(replaces, self._cut_over_seconds),
            )
            recorder.reload()
            workers = self._proxy.serve(release, self._cut_over_seconds)
            recorder.confirm()
            self._interruption.disregard()
            undo.forget()
            step.detail = "confirmed by nginx"
        return workers

    def _record(self, release: Live) -> None:
        with self._warning("`.env` does not name the live set"):
            record(self._project, release)

    def _retire(self, plan: Plan, old_workers: tuple[int, ...]) -> None:
        if plan.replaces is None:
            return
        old = plan.replaces.set
        with self._warning(f"{old} was not drained"):
            self._drain(old, old_workers)
        with self._warning(f"{old} is still there"), self._step(f"Stop and remove {old}"):
            self._project.remove(old)

    def _drain(self, old: SetName, old_workers: tuple[int, ...]) -> None:
        with self._step(f"Drain {old}") as step:
            left = self._proxy.drain(old_workers, self._drain_seconds, self._pause)
            connections = self._open_connections(old, wait=not left)
            step.detail = "nothing in flight"
            if left or connections:
                counted = f"{connections} open connections, " if connections else ""
                step.detail = f"{counted}{left} nginx workers busy at the deadline"
                self._report.warn(f"what is still open to {old} is cut when it stops")

    def _open_connections(self, old: SetName, wait: bool) -> int | None:
        """The second witness: connections to the old app; None where it cannot be asked."""
        spec = self._settings.sets[old]
        deadline = self._clock() + (_WITNESS_SECONDS if wait else 0)
        while count := self._project.connections(spec.container, spec.inner_port):
            if self._clock() >= deadline:
                break
            self._pause(0.1)
        return count

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
        evidence: Evidence | None = None,
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
            evidence=evidence.to_json() if evidence else {},
        )
        with self._warning("the history lacks this switch"):
            self._history.add(entry)

    def _follow_log(self, lines: int) -> subprocess.Popen[str]:
        return self._project.follow(self._settings.nginx_container, lines)

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
