"""After the cut-over: the workers of the new release begin, and those of the old one end."""

from fream_compose.errors import EngineError, GuardError
from fream_compose.operations.guard import Guard
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.run import Run
from fream_compose.step_ids import StepId


def take_over(run: Run, guard: Guard) -> None:
    """Hand over to what starts after the cut-over, and have it guarded from then on.

    What cannot be started is a warning where nothing is guarded. Raises GuardError.
    """
    if StepId.HAND_OVER not in run.steps:
        return
    guarded = StepId.GUARD in run.steps
    with run.warning("not all of the release works"):
        try:
            with run.steps.take(StepId.HAND_OVER) as step:
                step.detail = HandOver(run.context).to(run.release, guard.pause, step.saw)
            run.checks.remember_late()
        except EngineError as error:
            if not guarded:
                raise
            what = "The new release failed after the cut-over"
            raise GuardError(what, f"{error}: {error.why}") from error
        guard.renew()


def warn_of_failed(run: Run) -> None:
    """Where nothing is guarded, tell of what crashed since it took over."""
    if StepId.HAND_OVER in run.steps and StepId.GUARD not in run.steps:
        with run.warning("whether all of the release works is not known"):
            if fault := run.checks.changed():
                run.context.report.warn(f"{fault}; fream status tells how it fares")
