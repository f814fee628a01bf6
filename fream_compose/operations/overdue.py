"""A set that was kept warm goes once its time is over."""

from datetime import UTC, datetime

from fream_compose.errors import FreamError, InterruptedRun
from fream_compose.operations.context import Context
from fream_compose.operations.diagnosis import Fault
from fream_compose.operations.recovery import Recovery


def remove_overdue(context: Context) -> None:
    """Remove the set that was kept warm, if its time is over; no command fails for it."""
    if not (warm := context.notes.warm()) or warm.valid(datetime.now(UTC)):
        return
    try:
        if warm.set not in Recovery(context).repair(only=[Fault.IDLE_SET]).occupied:
            context.notes.cool()
    except InterruptedRun:
        raise
    except FreamError as error:
        context.report.warn(f"{warm.set}, which was kept warm, is still there: {error}")
