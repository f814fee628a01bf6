"""A run and those beside it: it waits for its turn, and notes how far it is for who waits next."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fream_compose.project import lock
from fream_compose.project.notes import Notes
from fream_compose.project.progress import Progress
from fream_compose.report import Report, Step
from fream_compose.step_ids import StepId
from fream_compose.text import one_line
from fream_compose.times import moment

WAITING = "Wait for another run"
_REWRITE_SECONDS = 1.0  # between two notes of what one step saw


@contextmanager
def turn(
    folder: Path, command: str, wait: float, report: Report, pause: Callable[[float], None]
) -> Iterator[bool]:
    """Hold the project for the length of the block; who waits for it sees for whom.

    folder: of the project's state. wait: seconds. pause: sleeps for seconds, and may raise.
    Yields whether it had to wait. Raises LockedError.
    """
    notes = Notes(folder)
    with ExitStack() as waiting, ExitStack() as held:
        steps: list[Step] = []

        def watched(seconds: float) -> None:
            if wait:
                if not steps:
                    waits = report.step(WAITING, limit=wait, id=StepId.WAIT_FOR_RUN)
                    steps.append(waiting.enter_context(waits))
                [step] = steps
                who, at = ahead(folder, notes)
                report.note_once(f"At work: {who}")
                step.saw(at)
            pause(seconds)

        held.enter_context(lock.hold(folder, command, wait, watched))
        waiting.close()
        report.seconds.pop(WAITING, None)  # it is no part of what the run takes
        yield bool(steps)


def ahead(folder: Path, notes: Notes) -> tuple[str, str]:
    """Who holds the project, since when and with what command; and at which step that is."""
    now = notes.progress()
    if now is None or now.exit_code is not None or not now.since:
        return one_line(lock.holder(folder)), ""
    said = f"{now.by} since {moment(now.since)}: {now.command}"
    return one_line(said), one_line(now.at)


class Noted:
    """The note of a run under way: each step as it begins, and what it saw, once a second."""

    def __init__(self, notes: Notes, command: str) -> None:
        self._notes = notes
        self._now = notes.begin(command)
        self._step: Step | None = None
        self._written = 0.0

    def heard(self, step: Step) -> None:
        """A step began, or saw something."""
        begins = step is not self._step
        if begins:
            self._step = step
            self._now = _of_step(self._now, step)
        elif time.monotonic() - self._written < _REWRITE_SECONDS:
            return
        self._now = replace(self._now, latest=one_line(step.latest))
        self._write()

    def ended(self, code: int, told: str) -> None:
        """The run is over. told: its last words."""
        self._now = replace(self._now, exit_code=code, told=told)
        self._write()

    def _write(self) -> None:
        self._notes.follow(self._now)
        self._written = time.monotonic()


def _of_step(now: Progress, step: Step) -> Progress:
    place = step.place
    return replace(
        now,
        step=step.title,
        step_since=datetime.now(UTC).isoformat(timespec="seconds"),
        number=place.number if place else 0,
        of=place.count if place else 0,
        limit=step.limit,
    )
