"""How far a run is, as it notes it for whoever waits in another terminal."""

from collections.abc import Mapping
from dataclasses import dataclass

from fream_compose.release import read_moment

_LONGEST = 1e9  # seconds; what claims more is no limit


@dataclass(frozen=True)
class Progress:
    """A run: the step it is at, and when it has ended its exit code and last words.

    by: who runs it. since, step_since: when it and its step began, ISO 8601 in UTC. number, of:
    the place of the step among those planned, 0 for one that was not. limit: the seconds that
    the step may take, 0 without a limit. latest: what it saw last.
    """

    run: str
    command: str
    step: str = ""
    exit_code: int | None = None
    told: str = ""
    by: str = ""
    since: str = ""
    step_since: str = ""
    number: int = 0
    of: int = 0
    limit: float = 0.0
    latest: str = ""

    @property
    def at(self) -> str:
        """The step it is at, behind its place among those planned where it has one."""
        return f"[{self.number}/{self.of}] {self.step}" if self.of else self.step

    def __str__(self) -> str:
        return self.command + (f" is at {self.step!r}" if self.step else " has just begun")


def read_progress(note: Mapping[str, str]) -> Progress | None:
    """The progress in a note; None where it is not one."""
    try:
        code = int(note["exit_code"]) if "exit_code" in note else None
        moments = note.get("since", ""), note.get("step_since", "")
        for moment in filter(None, moments):
            read_moment(moment)
        if not 0 <= (limit := float(note.get("limit", 0))) <= _LONGEST:
            return None
        return Progress(
            note["run"],
            note["command"],
            note["step"],
            code,
            note["told"],
            note.get("by", ""),
            *moments,
            int(note.get("number", 0)),
            int(note.get("of", 0)),
            limit,
            note.get("latest", ""),
        )
    except (KeyError, ValueError):
        return None
