"""The switch: a new release takes over from the live one, and no request is dropped."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from fream_compose import ports
from fream_compose.checks import Checks
from fream_compose.errors import (
    FreamError,
    GuardError,
    ProxyError,
    RejectedError,
    UncertainError,
)
from fream_compose.evidence import Evidence
from fream_compose.guard import Guard
from fream_compose.history import WORSE, Entry, History, HookRun, who
from fream_compose.hooks import run_hooks
from fream_compose.interruption import Interruption
from fream_compose.members import worn
from fream_compose.observe import version_variable
from fream_compose.plan import Mend, Plan, Wish, decide
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.prune import retain
from fream_compose.recorder import Recorder, recording
from fream_compose.recovery import Recovery, record
from fream_compose.release import Live, new_switch_id
from fream_compose.report import Report, Step
from fream_compose.retirement import Retirement
from fream_compose.settings import Hook
from fream_compose.state import Notes, Warm
from fream_compose.steps import StepId, due_hooks, hooks_title, planned
from fream_compose.undo import Undo
from fream_compose.verdict import Verdict
from fream_compose.way_back import BY_HAND, WayBack

_VERDICT_POLL_SECONDS = 0.2
_NGINX = (Mend.NGINX_STOPPED, Mend.NGINX_SILENT)
_WORSE = (Verdict.WORSE, Verdict.FAILS)
_KEPT_WHEN_WORSE = timedelta(minutes=30)  # the way back, when the release is not proven good


@dataclass(frozen=True)
class Outcome:
    """A switch that was done: what serves now, what it replaced, the proof, seconds in all."""

    live: Live
    replaced: Live | None
    evidence: Evidence
    seconds: float
    kept_warm: timedelta | None = None

    @property
    def worse(self) -> bool:
        """Whether users fare worse on the new release."""
        return self.evidence.verdict in _WORSE


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
        self._ran: list[HookRun] = []
        self._notes = Notes(project.settings.state_directory)
        self._recovery = Recovery(project, proxy, report, interruption, clock)
        self._retirement = Retirement(project, proxy, report, clock)
        self._way_back = WayBack(project, proxy, report, self._checks)
        self._titles: dict[StepId, str] = {}

    def run(self, wish: Wish) -> Outcome:
        """Release a version into the idle set and make it live.

        Raises a FreamError with all undone when it fails before the cut-over; after it,
        whatever fails is a warning, but for the release itself: then GuardError, and the
        old set serves again. Raises UncertainError when an undo failed.
        """
        self._wish, plan = wish, self._plan(wish)
        release = Live(plan.target, wish.version, new_switch_id(self._started))
        checks = self._checks(release)
        with recording(self._follow_log) as recorder:
            try:
                with Undo(self._report) as undo:
                    release = self._fetch(release, wish, plan)
                    self._bring_up(release, checks, wish, plan, undo)
                    old_workers = self._cut_over(release, checks, plan, recorder, undo)
            except FreamError as error:
                self._failed(error, release, plan)
                raise
            guard = self._guard(release, checks, recorder)
            try:
                drained = self._settle(release, plan, old_workers, guard)
                self._prove(release, checks, plan)
                recorder.end()
                evidence = recorder.evidence(release.set)
                guard.confirm()
                kept_warm = self._retire(plan, wish, evidence, guard) if drained else None
            except GuardError as error:
                self._cut_back(error, release, checks, plan, recorder)
                raise
        self._log(release, plan, evidence=evidence)
        self._prove(release, checks, plan)
        with self._warning("images of past releases are still there"):
            retain(self._project, self._history, self._report)
        return Outcome(release, plan.replaces, evidence, self._seconds(), kept_warm)

    def _plan(self, wish: Wish) -> Plan:
        """Decide from what runs once everything is in order."""
        try:
            plan = decide(self._recovery.put_right(for_release=True))
            if plan.reuses(wish) and (fault := worn(self._project.members(plan.target))):
                self._report.warn(f"{plan.target} is not used as it is: {fault}")
                plan = replace(plan, worn=True)
        except FreamError as error:
            error.serving = serving(self._proxy)
            raise
        steps = planned(plan, wish, self._settings)
        self._titles = {step.id: step.title for step in steps}
        return plan

    def _bring_up(self, release: Live, checks: Checks, wish: Wish, plan: Plan, undo: Undo) -> None:
        """Everything between the pull and the cut-over; users notice nothing of it."""
        if not plan.reuses(wish):
            self._prepare(release, plan, undo)
            self._start(release, undo)
        checks.remember()
        checks.reject_other_image(release.version)
        with self._step(StepId.HEALTH) as step:
            step.detail = checks.own_port()
        with self._step(StepId.THROUGH_NGINX):
            checks.through_nginx()
        if StepId.WARM_UP in self._titles:
            with self._step(StepId.WARM_UP) as step:
                step.detail = checks.warm_up(self._report)
        self._hooks(StepId.BEFORE_CUT_OVER, release, plan)
        if wish.hold:
            self._hold(release)
        with self._step(StepId.TEST_NGINX):
            self._proxy.test(release)
        with self._step(StepId.AGAIN) as step:
            step.detail = checks.again()

    def _fetch(self, release: Live, wish: Wish, plan: Plan) -> Live:
        """The release with its digest, so that whatever happens next is known of that content."""
        if plan.reuses(wish):
            return release
        with self._step(StepId.PULL) as step:
            version = self._project.fetch(release.version, self._interruption.check)
            step.detail = version.short
        return replace(release, version=version)

    def _prepare(self, release: Live, plan: Plan, undo: Undo) -> None:
        """Make the idle set ready for the release: empty, and named in `.env`."""
        env, variable = self._project.env, version_variable(release.set)
        if plan.warm:
            with self._step(StepId.REMOVE_WARM):
                self._recovery.remove(release.set, replaced=True)
        self._notes.cool()
        spec = self._settings.sets[release.set]
        ports.reject_taken({release.set: (spec.address,)})
        before = env.get(variable)
        undo.add(
            f"Restore {variable} in .env",
            BY_HAND,
            lambda: env.update({variable: before}),
        )
        env.update({variable: str(release.version)})
        self._hooks(StepId.BEFORE_START, release, plan)

    def _start(self, release: Live, undo: Undo) -> None:
        spec = self._settings.sets[release.set]
        with self._step(StepId.START):
            undo.add(
                f"Remove {release.set}",
                BY_HAND,
                lambda: self._project.discard(release.set),
            )
            try:
                self._project.up(spec.services)
            except FreamError as error:
                error.logs = error.logs or self._project.logs(spec.container)
                raise

    def _checks(self, release: Live) -> Checks:
        return Checks(self._project, self._proxy, release.set, self._clock, self._interruption.wait)

    def _hooks(
        self,
        moment: str,
        release: Live,
        plan: Plan,
        check: Callable[[], None] | None = None,
    ) -> None:
        hooks: tuple[Hook, ...] = getattr(self._settings.switch.hooks, moment)
        if hooks and self._wish.skip_hooks:
            title = moment.replace("_", " ")
            self._report.warn(f"the hooks {title} were skipped, as --skip-hooks asked for")
        elif due := due_hooks(hooks, self._wish):
            with self._report.step(hooks_title(moment)):
                self._interruption.check()
                check, kind = check or self._interruption.check, self._wish.kind
                run_hooks(
                    moment, due, self._project, release, plan.replaces, check, kind, self._ran
                )

    def _hold(self, release: Live) -> None:
        """Wait for `fream promote` or `fream abort` from another terminal."""
        seconds = self._settings.switch.hold.timeout.total_seconds()
        deadline = self._clock() + seconds
        self._notes.hold(release.switch, release.version.short, release.set)
        self._report.note(f"{release.set} is ready: fream promote, or fream abort")
        try:
            with self._step(StepId.HOLD) as step:
                while not (verdict := self._notes.verdict(release.switch)):
                    if self._clock() > deadline:
                        raise RejectedError("No verdict came in time", f"within {seconds:g} s")
                    self._interruption.wait(_VERDICT_POLL_SECONDS)
                step.detail = verdict
        finally:
            self._notes.release()
        if verdict == "abort":
            raise RejectedError("The release was aborted", "by `fream abort`")

    def _cut_over(
        self, release: Live, checks: Checks, plan: Plan, recorder: Recorder, undo: Undo
    ) -> tuple[int, ...]:
        """The commit point: when nginx has confirmed, nothing is undone any more."""
        old, seconds = plan.replaces, self._settings.switch.cut_over.timeout.total_seconds()
        with self._step(StepId.CUT_OVER) as step:
            self._interruption.check()
            undo.add(
                f"Go back to {old.set if old else 'no release'}",
                BY_HAND,
                lambda: self._way_back.serve(old, checks),
            )
            recorder.reload()
            workers = self._proxy.serve(release, seconds)
            self._interruption.disregard()
            undo.forget()
            step.detail = "confirmed by nginx"
        return workers

    def _guard(self, release: Live, checks: Checks, recorder: Recorder) -> Guard:
        settings = self._settings.switch.guard
        return Guard(checks, recorder, release.set, settings, self._clock, self._pause)

    def _settle(self, release: Live, plan: Plan, workers: tuple[int, ...], guard: Guard) -> bool:
        """What follows the cut-over while the new release is guarded. Raises GuardError.

        Returns whether the old set may go; else the next command drains and removes it.
        """
        with self._warning("`.env` does not name the live set"):
            record(self._project, release)
            self._notes.cool()
        # Once now, should the drain be cut short, and once more with the evidence.
        self._log(release, plan)
        with self._warning("a hook failed"):
            self._hooks(StepId.AFTER_CUT_OVER, release, plan, guard.check)
        drained = self._drain(plan.replaces, workers, guard)
        if StepId.GUARD not in self._titles:
            return drained
        with (
            self._warning("the new release was not guarded to the end; the old one is kept"),
            self._step(StepId.GUARD) as step,
        ):
            step.detail = guard.finish()
            return drained
        return False

    def _prove(self, release: Live, checks: Checks, plan: Plan) -> None:
        """See that users are served by the release. Raises UncertainError when they are not."""
        if why := self._unserved(release, checks):
            what = f"{release.version.short} is released, but users are not served"
            failure = UncertainError(what, why, next_step="fream recover")
            self._failed(failure, release, plan)
            raise failure

    def _unserved(self, release: Live, checks: Checks) -> str:
        """Why users are not served; an nginx that has gone silent is brought back first."""
        if not self._is_served(release):
            try:
                self._report.warn("nginx does not answer any more")
                self._recovery.put_right(only=_NGINX)
            except FreamError as error:
                return f"{error}: {error.why}"
            if not self._is_served(release):
                return f"nginx: {serving(self._proxy, undone=False)}"
        # Where there is a guard, it has looked at more than this.
        if self._settings.switch.guard.time or checks.now():
            return ""
        return checks.fault()

    def _is_served(self, release: Live) -> bool:
        try:
            return self._proxy.state().live == release
        except ProxyError:
            return False

    def _drain(self, old: Live | None, workers: tuple[int, ...], guard: Guard) -> bool:
        if old is None:
            return False
        with self._warning(f"{old.set} was not drained"), self._step(StepId.DRAIN) as step:
            step.detail = self._retirement.drain(old.set, workers, guard.pause)
            return True
        self._report.warn(f"{old.set} still runs; fream recover drains and removes it")
        return False

    def _cut_back(
        self, error: GuardError, release: Live, checks: Checks, plan: Plan, recorder: Recorder
    ) -> None:
        """Serve from the old set again, which still runs, and remove the new one.

        Raises UncertainError, and keeps both, when the old one has gone bad as well.
        """
        self._report.warn(f"{error.what}: {error.why}")
        failure = self._way_back.take(error, release, checks, plan.replaces)
        recorder.end()
        evidence = recorder.evidence(release.set)
        failure.why += _lost(evidence)
        failure.result = {"evidence": evidence.to_json()}
        self._failed(failure, release, plan, evidence)
        if failure is not error:
            raise failure

    def _retire(self, plan: Plan, wish: Wish, evidence: Evidence, guard: Guard) -> timedelta | None:
        """Remove the old set, or keep it running; returns for how long. Raises GuardError.

        Between its stop and its removal it can still be started again.
        """
        old, time_to_keep = plan.replaces, wish.keep_warm or self._settings.switch.keep_warm
        if old is None:
            return None
        if evidence.verdict in _WORSE:
            time_to_keep = time_to_keep or _KEPT_WHEN_WORSE
        if time_to_keep is None:
            with self._warning(f"{old.set} is still there"), self._step(StepId.RETIRE):
                self._project.stop(old.set)
                guard.confirm()
                self._project.remove(old.set)
            return None
        until = (datetime.now(UTC) + time_to_keep).isoformat(timespec="seconds")
        with self._warning(f"{old.set} is not kept warm"):
            self._notes.keep_warm(Warm(old.set, str(old.version), until))
            self._report.note(f"{old.set} is kept warm until {until}: fream rollback")
        return time_to_keep

    def _failed(
        self, error: FreamError, release: Live, plan: Plan, evidence: Evidence | None = None
    ) -> None:
        error.serving = serving(self._proxy, undone=not isinstance(error, UncertainError))
        self._interruption.disregard()
        with self._warning("a hook failed"):
            self._hooks("after_failure", release, plan)
        self._log(release, plan, error, evidence)

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
            result=_result(error, evidence),
            by=who(),
            steps=dict(self._report.seconds),
            why=f"{error}: {error.why}".removesuffix(": ") if error else "",
            evidence=evidence.to_json() if evidence else {},
            kind=self._wish.kind,
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
    def _step(self, step_id: StepId) -> Iterator[Step]:
        self._interruption.check()
        with self._report.step(self._titles[step_id]) as step:
            yield step

    @contextmanager
    def _warning(self, what: str) -> Iterator[None]:
        try:
            yield
        except GuardError:
            raise
        except FreamError as error:
            self._report.warn(f"{what}: {error}" + (f" ({error.why})" if error.why else ""))
            for line in error.logs:
                self._report.note(f"  log      {line}")


def _result(error: FreamError | None, evidence: Evidence | None) -> str:
    if error is not None:
        return type(error).__name__
    return WORSE if evidence and evidence.verdict in _WORSE else "done"


def _lost(evidence: Evidence) -> str:
    """What users noticed of a release that failed after its cut-over."""
    if evidence.missing and not evidence.served:
        return "\nWhat users noticed is not known: " + evidence.missing
    return (
        f"\n{evidence.failed:,} requests failed; users went without a good answer for "
        f"{evidence.outage_seconds:.1f} s at most"
    )


def serving(proxy: Proxy, undone: bool = True) -> str:
    """What an operator wants to know first when a switch failed: nginx's own answer."""
    try:
        live = proxy.state().live
    except FreamError as error:
        return f"not known: {error}"
    if live is None:
        return "Nothing was live before, and nothing is now"
    return f"{live.version.short} in {live.set} serves" + (" as before" if undone else "")
