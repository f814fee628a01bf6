"""Repairs what an interrupted run, a crash or a change by hand left out of order."""

from collections.abc import Collection

from fream_compose.errors import EngineError, KeptError, UncertainError, UnhealthyError
from fream_compose.operations.context import Context
from fream_compose.operations.diagnosis import Fault, diagnose, left_over, trouble
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.left_hook import end_left_hook
from fream_compose.operations.plan import decide
from fream_compose.operations.removal import booted
from fream_compose.operations.repairs import Repairs
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.step_ids import StepId

_ROUNDS = len(Fault) + 2
_REPAIRED_BY_A_RELEASE = (Fault.LIVE_SET, Fault.LOST, Fault.WORKERS)


class Recovery:
    """Repairs one thing at a time, and looks again, because each changes what is seen next."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def recover(self) -> Snapshot:
        """Repair everything, and wait for the live set while it boots.

        Raises what repair() raises, and the reason why users are not served, if they
        are not.
        """
        snapshot = booted(self._context, self.repair())
        if fault := trouble(snapshot):
            raise fault
        return snapshot

    def repair(self, for_release: bool = False, only: Collection[Fault] = ()) -> Snapshot:
        """Repair until nothing is out of order; returns what runs then.

        only: leave everything but these as it is. for_release: a live set that cannot be
        repaired is no more than a warning, because a release follows. Raises what another
        repair raises, and UncertainError when they do not come to an end, or when a release
        would take the place of a set that must stay.
        """
        context = self._context
        end_left_hook(context.project, context.report)
        HandOver(context).clear()
        repairs = Repairs(context, for_release, everything=not only)
        # What a tag names is for the release to say that follows.
        given_up = {Fault.TAGS} if for_release else set[Fault]()
        kept: KeptError | None = None
        for _ in range(_ROUNDS):
            snapshot = take_snapshot(context.project, context.proxy)
            faults = [fault for fault in diagnose(snapshot) if fault not in given_up]
            faults = [fault for fault in faults if not only or fault in only]
            if not faults:
                if kept and for_release and decide(snapshot).target in left_over(snapshot):
                    raise kept
                return snapshot
            context.interruption.check()
            if for_release and faults[0] is Fault.WORKERS:
                given_up.add(Fault.WORKERS)  # tried once: the release hands over in any case
            try:
                with context.report.step(f"Repair: {faults[0].value}", id=StepId.REPAIR) as step:
                    step.detail = repairs.repair(faults[0], snapshot)
            except KeptError as error:
                kept = error
                given_up.add(faults[0])
                context.report.warn(f"{error}: {error.why}")
            except (EngineError, UnhealthyError) as error:
                if not for_release or faults[0] not in _REPAIRED_BY_A_RELEASE:
                    raise
                given_up.add(faults[0])
                context.report.warn(f"{error}: {error.why}")
        raise UncertainError(
            f"This cannot be repaired: {faults[0].value}", next_step="fream status; docker ps -a"
        )
