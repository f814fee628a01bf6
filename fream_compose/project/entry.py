"""One row of the history: a run, and how it ended."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from fream_compose import foreign
from fream_compose.errors import UsageError
from fream_compose.release import SetName, Version, read_moment

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Kind(StrEnum):
    """What a run was: the first two bring a release."""

    SWITCH = "switch"
    ROLLBACK = "rollback"
    UP = "up"
    DOWN = "down"
    MAINTENANCE = "maintenance"
    RECOVER = "recover"
    PRUNE = "prune"


class Result(StrEnum):
    """How a run ended, or that it has not.

    failing: released, but users fare worse on it. cancelled: by a person or a signal, and undone.
    interrupted: it was killed; whoever repairs it says so. cut-back: after the cut-over.
    """

    RUNNING = "running"
    DONE = "done"
    FAILING = "failing"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    CUT_BACK = "cut-back"

    @property
    def words(self) -> str:
        """For people."""
        return self.replace("-", " ")


@dataclass(frozen=True)
class HookRun:
    """A hook that ran: how it ended (`done`, or what was wrong), and what it printed, cut short.

    run: its moment, its number there, its program.
    """

    moment: str
    run: str
    seconds: float
    result: str
    output: str


@dataclass(frozen=True)
class Entry:
    """One run. Times are ISO 8601 in UTC, durations in seconds. version, set: empty without one.

    steps: durations by title. step_ids: what stays the same of each, by its title. images:
    what the release is made of: by reference its digest, or its id where it has none.
    settings: whether it replaced the very same images, and changed only how they run.
    no_way_back: why no release before it can serve again; empty where one can. note: what whoever
    ran it wanted known. command: as typed. error, exit_code: the kind of failure, and how the
    process ended. failed_step: the id of the step that failed, or its title where it has none.
    log: the name of the file that keeps the log of a set that was taken back. released: nginx
    has confirmed its cut-over, and it was not taken back. promoted_by: who let it go on.

    What an older fream did not write has a default.
    """

    id: str
    version: str
    set: str
    replaced: str
    started: str
    seconds: float
    result: Result
    by: str
    steps: dict[str, float] = field(default_factory=dict)
    step_ids: dict[str, str] = field(default_factory=dict)
    why: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    kind: Kind = Kind.SWITCH
    warnings: tuple[str, ...] = ()
    hooks: tuple[HookRun, ...] = ()
    images: dict[str, str] = field(default_factory=dict)
    settings: bool = False
    no_way_back: str = ""
    note: str = ""
    command: str = ""
    error: str = ""
    exit_code: int | None = None
    failed_step: str = ""
    log: str = ""
    released: bool = False
    promoted_by: str = ""

    @property
    def release(self) -> tuple[str, frozenset[str]]:
        """What tells it from other releases: its version and all contents that are known."""
        digest = self.version.partition("@")[2]
        return self.version, frozenset(self.images.values()) or frozenset({digest} - {""})

    @property
    def tag(self) -> str:
        """The version for people: without its digest."""
        return self.version.partition("@")[0]

    @property
    def replaced_tag(self) -> str:
        """The version that was live before, for people."""
        return self.replaced.partition("@")[0]

    @property
    def worse(self) -> bool:
        """Whether it serves, and its users fared worse than before."""
        return self.result is Result.FAILING

    @property
    def served(self) -> bool:
        """Whether the release came to serve and was not taken back, well or not.

        Its run may still drain what it replaced, or may have failed or been killed meanwhile.
        """
        ended_well = self.result in (Result.DONE, Result.FAILING)
        cut_short = self.result in (Result.RUNNING, Result.INTERRUPTED, Result.FAILED)
        return self.of_release and (ended_well or (cut_short and self.released))

    @property
    def of_release(self) -> bool:
        """Whether the run was to bring a release."""
        return self.kind in (Kind.SWITCH, Kind.ROLLBACK)

    @property
    def ended(self) -> bool:
        """Whether the run has ended, as far as is known."""
        return self.result is not Result.RUNNING

    @property
    def short_id(self) -> str:
        """The part of the id that tells it from others, for people."""
        return self.id.rpartition("-")[2]


@cache
def _model() -> "TypeAdapter[Entry]":
    # Imported when there is something to read: `fream --help` must not wait for it.
    from pydantic import TypeAdapter

    return TypeAdapter(Entry)


_LONGEST = 1e9  # seconds
_EARLIER = {  # what an older fream called a result
    "worse": Result.FAILING,
    "GuardError": Result.CUT_BACK,
    "RejectedError": Result.CANCELLED,
    "InterruptedRun": Result.CANCELLED,
}


def read_entry(line: str) -> Entry | None:
    """An entry of which every part means something; None for anything else."""
    try:
        entry = foreign.of_json(line, _entry)
        read_moment(entry.started)
        if not all(0 <= seconds <= _LONGEST for seconds in (entry.seconds, *entry.steps.values())):
            return None
        # A release whose run ended before it was decided where it goes has no set.
        if entry.served or entry.version:
            Version.parse(entry.version)
        if entry.served or entry.set:
            SetName(entry.set)
    except (ValueError, UsageError):
        return None
    return entry


def _entry(found: Any) -> Entry:
    result = found.get("result") if isinstance(found, dict) else None
    if isinstance(result, str) and result not in set(Result):
        # Until there were words for results, the kind of the error stood there.
        found = {"error": result} | found | {"result": _EARLIER.get(result, Result.FAILED)}
    return _model().validate_python(found)
