"""The switch: a new release takes over from the live one, and no request is dropped."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from fream_compose import ports
from fream_compose.checks import Checks
from fream_compose.errors import FreamError, RejectedError, UncertainError
from fream_compose.evidence import Evidence, Recorder, recording
from fream_compose.history import Entry, History, HookRun, Kind, who
from fream_compose.hooks import run_hooks
from fream_compose.interruption import Interruption
from fream_compose.observe import version_variable
from fream_compose.plan import Mend, Plan, decide
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.prune import retain
from fream_compose.recovery import Recovery, record
from fream_compose.release import Live, Version, new_switch_id
from fream_compose.report import Report, Step
from fream_compose.retirement import Retirement
from fream_compose.settings import Hook
from fream_compose.state import Notes, Warm
from fream_compose.undo import Undo

_VERDICT_POLL_SECONDS = 0.2
# It looks at what runs, which a list of commands made beforehand cannot.
_BY_HAND = "fream recover"


@dataclass(frozen=True)
class Wish:
    """What the operator asks for.

    hold: wait for a verdict before the cut-over. keep_warm: how long the old set stays
    running; None removes it. kind: on a rollback a set that was kept warm with this very
    version may serve at once. skip_hooks: run none of the user's commands.
    """

    version: Version
    hold: bool = False
    keep_warm: timedelta | None = None
    kind: Kind = Kind.SWITCH
    skip_hooks: bool = False


@dataclass(frozen=True)
class Outcome:
    """A switch that was done: what serves now, what it replaced, the proof, seconds in all."""

    live: Live
    replaced: Live | None
    evidence: Evidence
    seconds: float
    kept_warm: timedelta | None = None


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
        self._began, self._started = clock(), datetime.now(UTC)
        self._kind, self._skip_hooks = Kind.SWITCH, False
        self._ran: list[HookRun] = []
        self._notes = Notes(project.settings.state_directory)
        self._recovery = Recovery(project, proxy, report, interruption, clock)
        self._retirement = Retirement(project, proxy, report, clock, self._pause)

    def run(self, wish: Wish) -> Outcome:
        """Release a version into the idle set and make it live.

        Raises a FreamError with all undone when it fails before the cut-over; after it,
        whatever fails is a warning. Raises UncertainError when an undo failed.
        """
        self._kind, self._skip_hooks = wish.kind, wish.skip_hooks
        plan = self._plan()
        release = Live(plan.target, wish.version, new_switch_id(self._started))
        with recording(self._follow_log) as recorder:
            try:
                with Undo(self._report) as undo:
                    release = self._fetch(release, wish, plan)
                    self._bring_up(release, wish, plan, undo)
                    old_workers = self._cut_over(release, plan, recorder, undo)
            except FreamError as error:
                self._failed(error, release, plan)
                raise
            self._record(release, plan)
            # Once now, should the drain be cut short, and once more with the evidence.
            self._log(release, plan)
            drained = self._drain(plan.replaces, old_workers)
            recorder.end()
            kept_warm = self._retire(plan.replaces, wish) if drained else None
            evidence = recorder.finish(release.set)
        self._log(release, plan, evidence=evidence)
        with self._warning("images of past releases are still there"):
            retain(self._project, self._history, self._report)
        return Outcome(release, plan.replaces, evidence, self._seconds(), kept_warm)

    def _plan(self) -> Plan:
        """Decide from what runs once everything is in order."""
        try:
            return decide(self._recovery.put_right(despite=Mend.LIVE_SET))
        except FreamError as error:
            error.serving = serving(self._proxy)
            raise

    def _bring_up(self, release: Live, wish: Wish, plan: Plan, undo: Undo) -> None:
        """Everything between the pull and the cut-over; users notice nothing of it."""
        if not _reuses_warm(wish, plan):
            self._prepare(release, plan, undo)
            self._start(release, undo)
        checks = self._checks(release)
        checks.own_port(self._report)
        self._interruption.check()
        checks.through_nginx(self._report)
        if plan.warm != str(release.version):
            checks.warm_up(self._report)
        self._hooks("before_cut_over", release, plan)
        if wish.hold:
            self._hold(release)

    def _fetch(self, release: Live, wish: Wish, plan: Plan) -> Live:
        """The release with its digest, so that whatever happens next is known of that content."""
        if _reuses_warm(wish, plan):
            return release
        with self._step(f"Pull {release.version.tag}") as step:
            version = self._project.fetch(release.version, self._interruption.check)
            step.detail = version.short
        return replace(release, version=version)

    def _prepare(self, release: Live, plan: Plan, undo: Undo) -> None:
        """Make the idle set ready for the release: empty, and named in `.env`."""
        env, variable = self._project.env, version_variable(release.set)
        if plan.warm:
            with self._step(f"Remove {release.set}, which was kept warm"):
                self._project.remove(release.set)
        self._notes.cool()
        spec = self._settings.sets[release.set]
        ports.reject_taken({release.set: (("127.0.0.1", spec.port),)})
        before = env.get(variable)
        undo.add(
            f"Restore {variable} in .env",
            _BY_HAND,
            lambda: env.update({variable: before}),
        )
        env.update({variable: str(release.version)})
        self._hooks("before_start", release, plan)

    def _start(self, release: Live, undo: Undo) -> None:
        spec = self._settings.sets[release.set]
        with self._step(f"Start {release.set}"):
            undo.add(
                f"Remove {release.set}",
                _BY_HAND,
                lambda: self._project.discard(release.set),
            )
            try:
                self._project.up(spec.services)
            except FreamError as error:
                error.logs = error.logs or self._project.logs(spec.container)
                raise

    def _checks(self, release: Live) -> Checks:
        return Checks(
            self._project,
            self._proxy,
            release.set,
            self._clock,
            self._interruption.wait,
            # The time between two checks is long enough for nginx's own.
            between=lambda: self._proxy.test(release),
        )

    def _hooks(self, moment: str, release: Live, plan: Plan) -> None:
        hooks: tuple[Hook, ...] = getattr(self._settings.switch.hooks, moment)
        if self._kind is Kind.ROLLBACK:
            hooks = tuple(hook for hook in hooks if hook.runs_on_rollback)
        title = moment.replace("_", " ")
        if hooks and self._skip_hooks:
            self._report.warn(f"the hooks {title} were skipped, as --skip-hooks asked for")
        elif hooks:
            with self._step(f"Run the hooks {title}"):
                check, kind = self._interruption.check, self._kind
                run_hooks(
                    moment, hooks, self._project, release, plan.replaces, check, kind, self._ran
                )

    def _hold(self, release: Live) -> None:
        """Wait for `fream promote` or `fream abort` from another terminal."""
        seconds = self._settings.switch.hold.timeout.total_seconds()
        deadline = self._clock() + seconds
        self._notes.hold(release.switch, release.version.short, release.set)
        self._report.note(f"{release.set} is ready: fream promote, or fream abort")
        try:
            with self._step("Hold before the cut-over") as step:
                while not (verdict := self._notes.verdict(release.switch)):
                    if self._clock() > deadline:
                        raise RejectedError("No verdict came in time", f"within {seconds:g} s")
                    self._interruption.wait(_VERDICT_POLL_SECONDS)
                step.detail = verdict
        finally:
            self._notes.release()
        if verdict == "abort":
            raise RejectedError("The release was aborted", "by `fream abort`")
        self._checks(release).own_port(self._report)

    def _cut_over(
        self, release: Live, plan: Plan, recorder: Recorder, undo: Undo
    ) -> tuple[int, ...]:
        """The commit point: when nginx has confirmed, nothing is undone any more."""
        old, seconds = plan.replaces, self._settings.switch.cut_over.timeout.total_seconds()
        with self._step(f"Cut over to {release.set}") as step:
            self._interruption.check()
            undo.add(
                f"Go back to {old.set if old else 'no release'}",
                _BY_HAND,
                lambda: self._go_back(old, seconds),
            )
            recorder.reload()
            workers = self._proxy.serve(release, seconds)
            recorder.confirm()
            self._interruption.disregard()
            undo.forget()
            step.detail = "confirmed by nginx"
        return workers

    def _go_back(self, old: Live | None, seconds: float) -> None:
        """Serve the old set again, and let what the new one was given finish."""
        workers = self._proxy.go_back(old, seconds)
        drain = self._settings.switch.drain.timeout.total_seconds()
        self._proxy.drain(workers, drain, time.sleep)

    def _record(self, release: Live, plan: Plan) -> None:
        with self._warning("`.env` does not name the live set"):
            record(self._project, release)
            self._notes.cool()
        with self._warning("a hook failed"):
            self._hooks("after_cut_over", release, plan)

    def _drain(self, old: Live | None, workers: tuple[int, ...]) -> bool:
        """Returns whether the old set may go; else the next command drains and removes it."""
        if old is None:
            return False
        with self._warning(f"{old.set} was not drained"):
            self._retirement.drain(old.set, workers)
            return True
        self._report.warn(f"{old.set} still runs; fream recover drains and removes it")
        return False

    def _retire(self, old: Live | None, wish: Wish) -> timedelta | None:
        """Remove the old set, or keep it running; returns for how long."""
        time_to_keep = wish.keep_warm or self._settings.switch.keep_warm
        if old is None:
            return None
        if time_to_keep is None:
            with self._warning(f"{old.set} is still there"):
                self._retirement.remove(old.set)
            return None
        until = (datetime.now(UTC) + time_to_keep).isoformat(timespec="seconds")
        with self._warning(f"{old.set} is not kept warm"):
            self._notes.keep_warm(Warm(old.set, str(old.version), until))
            self._report.note(f"{old.set} is kept warm until {until}: fream rollback")
        return time_to_keep

    def _failed(self, error: FreamError, release: Live, plan: Plan) -> None:
        error.serving = serving(self._proxy, undone=not isinstance(error, UncertainError))
        self._interruption.disregard()
        with self._warning("a hook failed"):
            self._hooks("after_failure", release, plan)
        self._log(release, plan, error)

    def _pause(self, seconds: float) -> None:
        if self._interruption.pending:
            self._report.note_once("The cut-over is done; finishing. Interrupt again to leave now")
        self._interruption.wait(seconds)

    def _log(
        self,
        release: Live,
        plan: Plan,
        error: FreamError | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        entry = Entry(
            id=release.switch,
            version=str(release.version),
            set=release.set,
            replaced=str(plan.replaces.version) if plan.replaces else "",
            started=self._started.isoformat(timespec="seconds"),
            seconds=self._seconds(),
            result="done" if error is None else type(error).__name__,
            by=who(),
            steps=dict(self._report.seconds),
            why=f"{error}: {error.why}".removesuffix(": ") if error else "",
            evidence=evidence.to_json() if evidence else {},
            kind=self._kind,
            warnings=tuple(self._report.warnings),
            hooks=tuple(self._ran),
        )
        with self._warning("the history lacks this switch"):
            self._history.add(entry)

    def _seconds(self) -> float:
        return round(self._clock() - self._began, 3)

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
            for line in error.logs:
                self._report.note(f"  log      {line}")


def _reuses_warm(wish: Wish, plan: Plan) -> bool:
    """Whether the set that is kept warm serves as it is: this very version, gone back to."""
    return wish.kind is Kind.ROLLBACK and plan.warm == str(wish.version)


def serving(proxy: Proxy, undone: bool = True) -> str:
    """What an operator wants to know first when a switch failed: nginx's own answer."""
    try:
        live = proxy.state().live
    except FreamError as error:
        return f"not known: {error}"
    if live is None:
        return "Nothing was live before, and nothing is now"
    return f"{live.version.short} in {live.set} serves" + (" as before" if undone else "")
