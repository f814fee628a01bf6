"""The switch: a new release takes over from the live one, and no request is dropped."""

import subprocess
from dataclasses import replace
from datetime import timedelta

from fream_compose.docker.release_images import ReleaseImages
from fream_compose.errors import FreamError, GuardError, UncertainError, unexpected
from fream_compose.nginx.evidence import Evidence
from fream_compose.nginx.recorder import Recorder, recording
from fream_compose.operations.arrival import bring_up
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.ending import noticed
from fream_compose.operations.guard import Guard
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.journal import FARES_WORSE
from fream_compose.operations.kinds import reject_missing
from fream_compose.operations.live_images import record
from fream_compose.operations.members import unfit
from fream_compose.operations.outcome import Outcome
from fream_compose.operations.plan import Plan, SwitchRequest, decide
from fream_compose.operations.prune import retain
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.retirement import Retirement
from fream_compose.operations.routing import reject_pending_routes
from fream_compose.operations.run import Run
from fream_compose.operations.serving import serving, unserved
from fream_compose.operations.steps import Steps, planned
from fream_compose.operations.take_over import take_over, warn_of_failed
from fream_compose.operations.undo import Undo
from fream_compose.operations.way_back import BY_HAND, WayBack
from fream_compose.release import LiveRelease
from fream_compose.step_ids import StepId

_KEPT_WHEN_WORSE = timedelta(minutes=30)  # the way back, when the release is not proven good


class Switch:
    """One switch of one project, told step by step in run()."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings.switch
        self._retirement = Retirement(context)
        self._way_back = WayBack(context)

    def run(self, request: SwitchRequest) -> Outcome:
        """Release a version into the idle set and make it live.

        Raises a FreamError with all undone when it fails before the cut-over; after it,
        whatever fails is a warning, but for the release itself: then GuardError, and the
        old set serves again. Raises UncertainError when an undo failed.
        """
        run = self._begin(request)
        try:
            return self._release(run)
        except FreamError:
            raise
        except Exception as error:
            failure = unexpected(error)
            run.failed(failure)
            raise failure from error

    def _release(self, run: Run) -> Outcome:
        with recording(self._follow_log) as recorder:
            try:
                with Undo(self._context.report) as undo:
                    bring_up(run, undo)
                    self._cut_over(run, recorder, undo)
            except FreamError as error:
                recorder.end()
                run.failed(error, recorder.evidence(run.release.set))
                raise
            guard = self._guard(run, recorder)
            try:
                drained = self._settle(run, guard)
                self._prove(run)
                recorder.end()
                evidence = recorder.evidence(run.release.set)
                guard.confirm()
                kept_warm = self._retire(run, evidence, guard) if drained else None
            except GuardError as error:
                self._cut_back(error, run, recorder)
                raise
        run.ended(evidence=evidence)
        self._prove(run, evidence)
        warn_of_failed(run)
        with run.warning("what was told to stop is still there"):
            HandOver(self._context).clear()
        with run.warning("images of past releases are still there"):
            retain(self._context)
        run.finished(evidence)
        journal, old = run.journal, run.plan.replaces
        reason = journal.entry.no_way_back
        return Outcome(run.release, old, evidence, journal.seconds, kept_warm, reason)

    def _begin(self, request: SwitchRequest) -> Run:
        """Decide from what runs once everything is in order."""
        context, journal = self._context, self._context.journal_of(request.kind)
        journal.know(version=str(request.version))
        try:
            plan = self._plan(request)
        except FreamError as error:
            error.serving = serving(context.proxy)
            raise
        old = str(plan.replaces.version) if plan.replaces else ""
        journal.know(set=plan.target, replaced=old)
        journal.begin()
        steps = Steps(planned(plan, request, context.settings), context)
        release = LiveRelease(plan.target, request.version, journal.entry.id)
        context.report.decided(plan.move(request, release.switch))
        checks, images = Checks(context, plan.target), ReleaseImages(request.version)
        return Run(context, request, plan, release, checks, steps, journal, images)

    def _plan(self, request: SwitchRequest) -> Plan:
        reject_missing(self._context.settings.checks)
        plan = decide(Recovery(self._context).repair(for_release=True))
        reject_pending_routes(self._context.proxy)
        if plan.reuses(request):
            early = self._context.settings.early_services(plan.target)
            members = self._context.project.containers.members(plan.target)
            if reason := unfit([member for member in members if member.service in early]):
                self._context.report.warn(f"{plan.target} is not used as it is: {reason}")
                return replace(plan, unfit=True)
        return plan

    def _cut_over(self, run: Run, recorder: Recorder, undo: Undo) -> None:
        """The commit point: when nginx has confirmed, nothing is undone any more."""
        old, seconds = run.plan.replaces, self._settings.cut_over.timeout.total_seconds()
        with run.steps.take(StepId.CUT_OVER) as step:
            self._context.interruption.check()
            undo.add(
                f"Go back to {old.set if old else 'no release'}",
                BY_HAND,
                lambda: self._way_back.serve(old, run.checks),
            )
            recorder.cut_over()
            self._context.proxy.serve(run.release, seconds)
            self._context.interruption.disregard()
            undo.forget()
            step.detail = "confirmed by nginx"

    def _guard(self, run: Run, recorder: Recorder) -> Guard:
        settings, clock = self._settings.guard, self._context.clock
        return Guard(run.checks, recorder, run.release.set, settings, clock, self._pause)

    def _settle(self, run: Run, guard: Guard) -> bool:
        """What follows the cut-over while the new release is guarded. Raises GuardError.

        Returns whether the old set may go; else the next command drains and removes it.
        """
        with run.warning("`.env` does not name the live set"):
            record(self._context.project, run.release)
            self._context.notes.cool()
        self._spread_net(run)
        run.serves()
        take_over(run, guard)
        with run.warning("a hook failed"):
            run.hooks(StepId.AFTER_CUT_OVER, guard.check)
        drained = self._drain(run, guard)
        if StepId.GUARD not in run.steps:
            return drained
        with (
            run.warning("the new release was not guarded to the end; the old one is kept"),
            run.steps.take(StepId.GUARD, guard.left) as step,
        ):
            step.detail = guard.finish(step.saw)
            return drained
        return False

    def _spread_net(self, run: Run) -> None:
        """Have the old set answer where the new one does not, as long as both run."""
        if old := run.plan.replaces:
            checks = Checks(self._context, old.set)
            checks.leave_out_later()
            if checks.now():
                with run.warning("no set answers for the other"):
                    self._context.proxy.arm(run.release.set)

    def _drain(self, run: Run, guard: Guard) -> bool:
        old = run.plan.replaces
        if old is None:
            return False
        with run.warning(f"{old.set} was not drained"), run.steps.take(StepId.DRAIN) as step:
            step.detail = self._retirement.drain(old.set, guard.pause, step.saw)
            return True
        self._context.report.warn(f"{old.set} still runs; fream recover drains and removes it")
        return False

    def _retire(self, run: Run, evidence: Evidence, guard: Guard) -> timedelta | None:
        """Remove the old set, or keep it running; returns for how long. Raises GuardError."""
        old, time_to_keep = run.plan.replaces, run.request.keep_warm or self._settings.keep_warm
        if old is None:
            return None
        if evidence.verdict in FARES_WORSE:
            time_to_keep = time_to_keep or _KEPT_WHEN_WORSE
        if time_to_keep is None:
            with run.warning(f"{old.set} is still there"):
                self._retirement.remove(old.set, run.steps, guard, run.plan.orphans)
            return None
        with run.warning(f"{old.set} is not kept warm"):
            way_back = not run.journal.entry.no_way_back
            self._retirement.keep_warm(old, time_to_keep, way_back)
        return time_to_keep

    def _prove(self, run: Run, evidence: Evidence | None = None) -> None:
        """See that users are served by the release. Raises UncertainError when they are not."""
        if why := unserved(self._context, run.release, run.checks):
            what = f"{run.release.version.short} is released, but users are not served"
            failure = UncertainError(what, why, next_step="fream recover")
            run.failed(failure, evidence)
            raise failure

    def _cut_back(self, error: GuardError, run: Run, recorder: Recorder) -> None:
        """Serve from the old set again, which still runs, and remove the new one.

        Raises UncertainError, and keeps both, when the old one has gone bad as well.
        """
        self._context.report.warn(f"{error.what}: {error.why}")
        failure = self._way_back.take(
            error,
            run.release,
            run.checks,
            run.plan.replaces,
            run.keep_log,
        )
        recorder.end()
        evidence = recorder.evidence(run.release.set)
        failure.why += noticed(evidence)
        failure.result = {"evidence": evidence.to_json()}
        run.failed(failure, evidence)
        if failure is not error:
            raise failure

    def _pause(self, seconds: float) -> None:
        interruption = self._context.interruption
        if interruption.pending:
            message = "The cut-over is done; finishing. Interrupt again to leave now"
            self._context.report.note_once(message)
        interruption.wait(seconds)

    def _follow_log(self, lines: int) -> subprocess.Popen[str]:
        nginx = self._context.settings.nginx_container
        return self._context.project.containers.follow(nginx, lines)
