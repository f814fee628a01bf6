"""The way back from a release that fails after its cut-over: the old set serves again."""

import time

from fream_compose.errors import EngineError, FreamError, GuardError, UncertainError, UnhealthyError
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.undo import Undo
from fream_compose.project.live_record import record
from fream_compose.release import LiveRelease

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
        self, error: GuardError, release: LiveRelease, new: Checks, old: LiveRelease | None
    ) -> FreamError:
        """Serve from the old set and remove the new one, for the reason that error gives.

        Returns the failure to report: that one, with the new set's last log lines, or
        UncertainError where there is no way back; then both sets are kept.
        """
        try:
            with Undo(self._report) as undo:
                self._register(error, release, new, old, undo)
                raise error
        except FreamError as failure:
            return failure

    def _register(
        self,
        error: GuardError,
        release: LiveRelease,
        new: Checks,
        old: LiveRelease | None,
        undo: Undo,
    ) -> None:
        """Raises UncertainError where there is no way."""
        if old is None:
            raise UncertainError(
                "The new release fails, and there is no other to go back to",
                error.why,
                next_step="fream logs live; fream switch --version VERSION",
            )
        if fault := self._reawaken(old):
            raise UncertainError(
                "Both releases fail; both are kept",
                f"{release.set}: {error.why}\n{old.set}, which was live before: {fault}",
                next_step=f"fream logs {release.set}; fream logs {old.set}; fream recover",
            )
        undo.add(f"Name {old.set} in .env", BY_HAND, lambda: record(self._settings, old))
        undo.add(f"Remove {release.set}", BY_HAND, lambda: self._take_away(error, release))
        undo.add(f"Go back to {old.set}", BY_HAND, lambda: self.serve(old, new))

    def _take_away(self, error: GuardError, release: LiveRelease) -> None:
        error.logs = self._project.containers.logs(self._settings.sets[release.set].container)
        self._proxy.disarm()
        self._project.compose.discard(release.set)

    def _reawaken(self, old: LiveRelease) -> str:
        """What is wrong with the set to go back to; one that was stopped is started again."""
        checks = Checks(self._context, old.set)
        # Twice: one late answer of a set that was good is no reason to stay on a bad one.
        if not (fault := checks.fault()) or checks.now():
            return ""
        try:
            if not any(
                member.state == "exited" for member in self._project.containers.members(old.set)
            ):
                return fault
            with self._report.step(f"Start {old.set} again"):
                self._project.compose.start(old.set, old.version)
                checks.own_port()
                checks.through_nginx()
        except (EngineError, UnhealthyError) as error:
            return f"{error}: {error.why}"
        return ""
