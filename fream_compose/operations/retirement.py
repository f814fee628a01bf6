"""The end of a set that was replaced: what it has accepted is answered before it goes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fream_compose.operations.context import Context
from fream_compose.operations.guard import Guard
from fream_compose.operations.steps import StepId, Steps
from fream_compose.project.notes import Warm
from fream_compose.release import LiveRelease, SetName
from fream_compose.waiting import wait_until

_WITNESS_SECONDS = 2.0  # the second witness of a drain may take so long to agree with the first
_POLL_SECONDS = 0.1


class Retirement:
    """Drains a set after the cut-over, and removes it or keeps it running."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._project = context.project

    def drain(self, old: SetName, pause: Callable[[float], None]) -> str:
        """Wait until nothing is in flight to a set, or the deadline; returns what was seen.

        pause: sleeps for seconds, and may raise. Warns of what will be cut. Raises
        EngineError and ProxySilentError.
        """
        seconds = self._context.settings.switch.drain.timeout.total_seconds()
        done = self._context.proxy.drain(old, seconds, pause)
        connections = self._open_connections(old, pause, wait=done)
        if done and not connections:
            return "nothing in flight"
        self._context.report.warn(f"what is still open to {old} is cut when it stops")
        counted = f"{connections} open connections" if connections else "requests in flight"
        return f"{counted} at the deadline"

    def _open_connections(
        self, old: SetName, pause: Callable[[float], None], wait: bool
    ) -> int | None:
        """The second witness: connections to the old app; None where it cannot be asked."""
        spec, clock = self._context.settings.sets[old], self._context.clock
        seen: int | None = None

        def none_is_open() -> bool:
            nonlocal seen
            seen = self._project.containers.connections(spec.container, spec.inner_port)
            return not seen

        deadline = clock() + (_WITNESS_SECONDS if wait else 0)
        wait_until(none_is_open, deadline, clock, pause, _POLL_SECONDS)
        return seen

    def remove(self, old: SetName, steps: Steps, guard: Guard) -> None:
        """Stop and remove the set; between the two it can still be started again.

        Raises EngineError, and GuardError when the new release fails meanwhile.
        """
        with steps.take(StepId.RETIRE):
            self._context.proxy.disarm()
            self._project.compose.stop(old)
            guard.confirm()
            self._project.compose.remove(old)

    def keep_warm(self, old: LiveRelease, time_to_keep: timedelta) -> None:
        """Have the set run on for a way back. Raises ConfigurationError."""
        until = (datetime.now(UTC) + time_to_keep).isoformat(timespec="seconds")
        self._context.notes.keep_warm(Warm(old.set, str(old.version), until))
        self._context.report.note(f"{old.set} is kept warm until {until}: fream rollback")
