"""The held switch: it waits for `fream promote` or `fream abort` from another terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from fream_compose.errors import RejectedError
from fream_compose.operations.context import Context
from fream_compose.operations.steps import Steps
from fream_compose.release import LiveRelease
from fream_compose.secrecy import hidden
from fream_compose.step_ids import StepId
from fream_compose.times import since, span
from fream_compose.waiting import wait_until

_POLL_SECONDS = 0.2


def hold(context: Context, release: LiveRelease, steps: Steps) -> str:
    """Wait for the verdict, and return who promotes it.

    Raises RejectedError for an abort, and when none comes in time.
    """
    seconds, notes = context.settings.switch.hold.timeout.total_seconds(), context.notes
    deadline = context.clock() + seconds
    notes.hold(release.switch, release.version.short, release.set)
    for line in _told(context, release, seconds):
        context.report.note(line)
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
                raise RejectedError(
                    f"{release.version.short} was held for {span(seconds)}, and nobody decided",
                    "Its time is over (x-fream.hold.timeout), so it was taken back",
                    next_step=f"fream switch {release.version.tag} --hold, then fream promote",
                )
            by = hidden(notes.decided_by(release.switch))
    finally:
        notes.release()
    if step.detail == "abort":
        raise RejectedError(
            f"{release.version.short} was aborted while it was held", f"By {by or '`fream abort`'}"
        )
    return by


def _told(context: Context, release: LiveRelease, seconds: float) -> Iterator[str]:
    """What is held, where to look at it, and what ends it."""
    until = since(datetime.now(UTC) + timedelta(seconds=seconds))
    yield f"{release.version.short} is ready in {release.set} and held: no user gets it yet"
    if port := context.project.containers.port(release.set):
        yield f"  look at it: http://127.0.0.1:{port}/"
    yield f"  then: fream promote, or fream abort; undone at {until} if nobody decides"
