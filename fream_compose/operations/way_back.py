"""The way back from a release that fails after its cut-over: the old set serves again."""

import time
from collections.abc import Callable

from fream_compose.errors import EngineError, FreamError, GuardError, UncertainError, UnhealthyError
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.live_images import name_again, record
from fream_compose.operations.undo import Undo
from fream_compose.release import LiveRelease
from fream_compose.step_ids import StepId

# It looks at what runs, which a list of commands made beforehand cannot.
BY_HAND = "fream recover"


class WayBack:
    """Goes back in one project."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._project = context.project
        self._settings = context.settings
        self._proxy = context.proxy
        self._report = context.report
        self._hand_over = HandOver(context)

    def serve(self, old: LiveRelease | None, new: Checks) -> None:
        """Serve the old set again, and let what the new one was given finish.

        A new one that does not answer any more finishes nothing: who waits for it is to
        learn that soon. Raises ProxyError and EngineError.
        """
        switch = self._settings.switch
        self._proxy.go_back(old, switch.cut_over.timeout.total_seconds())
        if not new.fault(new.patience):
            self._proxy.drain(new.name, switch.drain.timeout.total_seconds(), time.sleep)

    def take(
        self,
        error: GuardError,
        release: LiveRelease,
        new: Checks,
        old: LiveRelease | None,
        last: Callable[[], None] = lambda: None,
    ) -> FreamError:
        """Serve from the old set and remove the new one, for the reason that error gives.

        last: to be done before the new one's containers are told to stop.
        Returns the failure to report: that one, with the new set's last log lines, or
        UncertainError where there is no way back; then both sets are kept.
        """
        try:
            with Undo(self._report) as undo:
                self._register(error, release, new, old, last, undo)
                raise error
        except FreamError as failure:
            if failure is error and old:
                failed, serves = release.version.short, old.version.short
                error.what = f"{failed} failed after the cut-over; {serves} serves again"
                error.next_step = "Correct the release, then switch to it again"
            return failure

    def _register(
        self,
        error: GuardError,
        release: LiveRelease,
        new: Checks,
        old: LiveRelease | None,
        last: Callable[[], None],
        undo: Undo,
    ) -> None:
        """Raises UncertainError where there is no way."""
        if old is None:
            raise UncertainError(
                "The new release fails, and there is no other to go back to",
                error.why,
                logs=new.logs(),
                next_step="fream logs live; fream switch VERSION",
            )
        if fault := self._reawaken(old):
            raise UncertainError(
                "Both releases fail; both are kept",
                f"{release.set}: {error.why}\n{old.set}, which was live before: {fault}",
                logs=new.logs(),
                next_step=f"fream logs {release.set}; fream logs {old.set}; fream recover",
            )
        if late := self._settings.late_services(old.set).values():
            undo.add(f"Hand over to {', '.join(late)}", BY_HAND, lambda: self._begin_again(old))
        undo.add(f"Name {old.set} in .env", BY_HAND, lambda: self._name(old))
        undo.add(f"Remove {release.set}", BY_HAND, lambda: self._take_away(error, new, last))
        undo.add(f"Go back to {old.set}", BY_HAND, lambda: self.serve(old, new))

    def _name(self, old: LiveRelease) -> None:
        record(self._project, old)
        name_again(self._project, old)

    def _take_away(self, error: GuardError, new: Checks, last: Callable[[], None]) -> None:
        error.logs = new.logs()
        last()
        self._proxy.disarm()
        self._hand_over.end(new.name)
        self._project.compose.discard(new.name)

    def _begin_again(self, old: LiveRelease) -> None:
        self._hand_over.to(old, self._context.interruption.wait)

    def _reawaken(self, old: LiveRelease) -> str:
        """What is wrong with the set to go back to; one that was stopped is started again."""
        checks = Checks(self._context, old.set)
        checks.leave_out_later()
        # Twice: one late answer of a set that was good is no reason to stay on a bad one.
        if not (fault := checks.fault()) or checks.now():
            return ""
        try:
            members = self._project.containers.members(old.set)
            if not any(member.state == "exited" for member in members):
                return fault
            early = self._settings.early_services(old.set)
            there = {old.set, *(member.service for member in members)}
            services = [service for service in early if service in there]
            with self._report.step(f"Start {old.set} again", id=StepId.START_AGAIN) as step:
                self._project.start_set(old.set, old.version, services)
                checks.own_port(step.saw)
                checks.through_nginx(step.saw)
        except (EngineError, UnhealthyError) as error:
            return f"{error}: {error.why}"
        return ""
