"""fream promote and fream abort: tell the held switch, and wait for its end."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fream_compose.errors import (
    FreamError,
    InterruptedRun,
    RejectedError,
    UncertainError,
    UsageError,
)
from fream_compose.interruption import Interruption
from fream_compose.project.lock import free
from fream_compose.project.notes import Held, Notes
from fream_compose.project.operator import note, who
from fream_compose.project.progress import Progress
from fream_compose.report import Report, Step
from fream_compose.step_ids import StepId

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Decided:
    """A verdict that was carried out: how the switch ended, and its last words."""

    switch: str
    version: str
    set: str
    verdict: str
    exit_code: int
    told: str

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def __str__(self) -> str:
        if self.verdict == "promote":
            return self.told
        return f"{self.version} was aborted: it is gone again, and no user had got it"


def promote(directory: Path, report: Report, interruption: Interruption) -> Decided:
    """Let the held switch go on. directory: the project's state.

    Raises UsageError when none is held, UncertainError when its process dies, and what
    tells of the switch, with its exit code, when it fails.
    """
    decided = _decide(directory, "promote", report, interruption)
    if decided.exit_code:
        raise _failure(decided)
    return decided


def abort(directory: Path, report: Report, interruption: Interruption) -> Decided:
    """Have the held switch undo what it did. Raises as promote() does, but not for the abort."""
    decided = _decide(directory, "abort", report, interruption)
    if decided.exit_code == 0:
        raise UsageError(
            f"It was too late to abort: {decided.version} is released",
            decided.told,
            next_step="fream rollback",
        )
    if decided.exit_code != RejectedError.exit_code:
        raise _failure(decided)
    return decided


def _failure(decided: Decided) -> FreamError:
    did = "promoted, and its release" if decided.verdict == "promote" else "to be aborted, and that"
    why = decided.told.removeprefix("error: ")
    error = FreamError(f"{decided.version} was {did} failed", why, next_step="fream status")
    error.exit_code = decided.exit_code
    return error


def _decide(directory: Path, verdict: str, report: Report, interruption: Interruption) -> Decided:
    notes = Notes(directory)
    held = notes.held()
    if free(directory):
        raise UsageError(
            f"There is nothing to {verdict}: no release is held",
            "A release waits for a verdict where it was started with --hold",
            next_step="fream switch VERSION --hold",
        )
    if held is None:
        raise UsageError(
            f"There is nothing to {verdict} yet: no release is held at this moment",
            str(notes.progress() or "Another run is at work"),
            next_step=f"fream {verdict}, when fream status says that it is held",
        )
    notes.decide(held.switch, verdict, ": ".join(filter(None, (who(), note()))))
    try:
        with report.step(f"Wait for the release of {held.version}", id=StepId.WAIT_FOR_RUN) as step:
            ended = _end_of(held, directory, report, step, interruption.wait)
    except InterruptedRun as error:
        error.next_step = "The release goes on all the same; fream status tells how far it is"
        raise
    name, code = str(held.set), ended.exit_code or 0
    return Decided(held.switch, held.version, name, verdict, code, ended.told)


def _end_of(
    held: Held, directory: Path, report: Report, step: Step, pause: Callable[[float], None]
) -> Progress:
    """Wait for the end of the run that holds a switch, and say its steps."""
    notes, run = Notes(directory), held.run or "not on record"
    while True:
        # Asked before its note is read, which a run writes before it lets go of the lock.
        now = notes.progress()
        over = free(directory) or (now is not None and now.run != run)
        found = notes.progress(run)
        if found and found.exit_code is not None:
            return found
        if over:
            raise UncertainError(
                "The release ended without a word: its process was killed",
                str(found or ""),
                next_step="fream recover",
            )
        if found and found.at != step.latest:
            step.saw(found.at)
            report.note(f"{found.step} …")
        pause(_POLL_SECONDS)
