"""The end of a set that was replaced: what it has accepted is answered before it goes."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from fream_compose import times
from fream_compose.docker.facts import Condition
from fream_compose.errors import ProxySilentError
from fream_compose.operations.context import Context
from fream_compose.operations.guard import Guard
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.steps import Steps
from fream_compose.project.notes import Warm
from fream_compose.release import LiveRelease, SetName
from fream_compose.report import Saw, unseen
from fream_compose.step_ids import StepId
from fream_compose.text import count
from fream_compose.waiting import wait_until

_WITNESS_SECONDS = 2.0  # the second witness of a drain may take so long to agree with the first
_POLL_SECONDS = 0.1
_COUNT_SECONDS = 1.0  # between two counts of what is open: each asks Docker


class Retirement:
    """Drains a set after the cut-over, and removes it or keeps it running."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._project = context.project
        self._drained = False

    def drain(self, old: SetName, pause: Callable[[float], None], saw: Saw = unseen) -> str:
        """Wait until nothing is in flight to a set, or the deadline; returns what was seen.

        pause: sleeps for seconds, and may raise. saw: gets what is open, and the time left.
        Warns of what will be cut. Raises EngineError and ProxySilentError.
        """
        seconds = self._context.settings.switch.drain.timeout.total_seconds()
        done = self._context.proxy.drain(old, seconds, self._counting(old, seconds, pause, saw))
        connections = self._open_connections(old, pause, wait=done)
        self._drained = done and not connections
        if self._drained:
            return "nothing in flight"
        self._context.report.warn(f"what is still open to {old} is cut when it stops")
        counted = count(connections, "open connection") if connections else "requests in flight"
        return f"{counted} at the deadline"

    def _counting(
        self, old: SetName, seconds: float, pause: Callable[[float], None], saw: Saw
    ) -> Callable[[float], None]:
        """The pause, which counts what is open once a second."""
        spec, clock = self._context.settings.sets[old], self._context.clock
        deadline, due = clock() + seconds, clock() + _COUNT_SECONDS

        def counted(length: float) -> None:
            nonlocal due
            if clock() >= due:
                due = clock() + _COUNT_SECONDS
                number = self._project.containers.connections(spec.container, spec.inner_port)
                still = count(number, "connection") if number else "requests in flight"
                saw(f"{still}, {max(0.0, deadline - clock()):.0f} s left")
            pause(length)

        return counted

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

    def remove(
        self, old: SetName, steps: Steps, guard: Guard, orphans: Sequence[Condition]
    ) -> None:
        """Stop and remove the set; between the two it can still be started again.

        orphans: containers of its services that are in the Compose files no more. Raises
        EngineError, and GuardError when the new release fails meanwhile.
        """
        with steps.take(StepId.RETIRE):
            self._context.proxy.disarm()
            if self._drained:
                with suppress(ProxySilentError):
                    self.drain(old, time.sleep)  # what the net gave it since
            self._project.compose.stop(old)
            guard.confirm()
            self._project.compose.remove(old)
            HandOver(self._context).let_go(old, orphans)

    def keep_warm(self, old: LiveRelease, time_to_keep: timedelta, way_back: bool) -> None:
        """Have the set run on. way_back: whether a rollback may use it.

        Raises ConfigurationError.
        """
        until = (datetime.now(UTC) + time_to_keep).isoformat(timespec="seconds")
        self._context.notes.keep_warm(Warm(old.set, str(old.version), until))
        leads_back = ": fream rollback" if way_back else ""
        self._context.report.note(f"{old.set} is kept warm until {times.since(until)}{leads_back}")
