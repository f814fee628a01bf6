"""The held switch: it waits for `fream promote` or `fream abort` from another terminal."""

from fream_compose.errors import RejectedError
from fream_compose.operations.context import Context
from fream_compose.operations.steps import StepId, Steps
from fream_compose.release import LiveRelease
from fream_compose.waiting import wait_until

_POLL_SECONDS = 0.2


def hold(context: Context, release: LiveRelease, steps: Steps) -> None:
    """Wait for the verdict. Raises RejectedError for an abort, and when none comes in time."""
    seconds, notes = context.settings.switch.hold.timeout.total_seconds(), context.notes
    deadline = context.clock() + seconds
    notes.hold(release.switch, release.version.short, release.set)
    context.report.note(f"{release.set} is ready: fream promote, or fream abort")
    try:
        with steps.take(StepId.HOLD) as step:
            step.detail = wait_until(
                lambda: notes.verdict(release.switch),
                deadline,
                context.clock,
                context.interruption.wait,
                _POLL_SECONDS,
            )
            if not step.detail:
                raise RejectedError("No verdict came in time", f"within {seconds:g} s")
    finally:
        notes.release()
    if step.detail == "abort":
        raise RejectedError("The release was aborted", "by `fream abort`")
