"""What was released, when, by whom and how it ended. A log: never asked what is live."""

import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose import durable
from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.release import SetName, Version, read_moment

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from fream_compose.settings import Settings

WORSE = "worse"  # the result of a release that was made although users fare worse on it
_CI_JOBS = ("BUILD_TAG", "GITHUB_RUN_ID", "CI_JOB_URL")  # Jenkins, GitHub, GitLab


class Kind(StrEnum):
    """What a release came by."""

    SWITCH = "switch"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class HookRun:
    """A hook that ran: how it ended (`done`, or what was wrong), and what it printed, cut short."""

    moment: str
    run: str
    seconds: float
    result: str
    output: str


@dataclass(frozen=True)
class Entry:
    """One switch. Times are ISO 8601 in UTC, durations in seconds.

    What an older fream did not write has a default.
    """

    id: str
    version: str
    set: str
    replaced: str
    started: str
    seconds: float
    result: str
    by: str
    steps: dict[str, float] = field(default_factory=dict)
    why: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    kind: Kind = Kind.SWITCH
    warnings: tuple[str, ...] = ()
    hooks: tuple[HookRun, ...] = ()

    @property
    def worse(self) -> bool:
        """Whether it serves, and its users fared worse than before."""
        return self.result == WORSE

    @property
    def served(self) -> bool:
        """Whether the release came to serve and was not taken back, well or not."""
        return self.result in ("done", WORSE)

    @property
    def short_id(self) -> str:
        """The part of the id that tells it from others, for people."""
        return self.id.rpartition("-")[2]


@dataclass(frozen=True)
class Log:
    """What a history holds, the newest last, and how many lines could not be read."""

    entries: tuple[Entry, ...]
    passed_over: int


class History:
    """The file history.jsonl: one line for each switch, the newest last."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> tuple[Entry, ...]:
        """What can be read; a line torn by a crash is passed over."""
        return self.read().entries

    def read(self) -> Log:
        """The entries, and how many lines were passed over. Raises ConfigurationError."""
        lines = self._lines()
        entries = tuple(entry for line in lines if (entry := _read(line)))
        return Log(entries, len(lines) - len(entries))

    def add(self, entry: Entry) -> None:
        """Append an entry, or replace the one of that id, for good. Raises ConfigurationError."""
        durable.make_folder(self._path.parent)
        same = f'{{"id": "{entry.id}"'
        kept = [line for line in self._lines() if not line.startswith(same)]
        lines = [*kept, json.dumps(asdict(entry), ensure_ascii=False)]
        durable.write(self._path, "\n".join(lines) + "\n")

    def _lines(self) -> list[str]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be read", str(error)) from error
        # Not splitlines(): what an app answered may hold the other line separators.
        return [line for line in text.split("\n") if line]


def find(entries: tuple[Entry, ...], wanted: str) -> Entry:
    """The entry of an id, of the beginning of one, or of the part after its dash.

    Raises UsageError when there is none, or more than one.
    """
    exact = [entry for entry in entries if wanted in (entry.id, entry.short_id)]
    found = exact or [e for e in entries if e.id.startswith(wanted) and wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"No release has the id {wanted!r}", next_step="fream history")
    raise UsageError(
        f"{len(found)} releases have ids that begin with {wanted!r}",
        ", ".join(entry.id for entry in found[-5:]),
        next_step="Type more of the id",
    )


@cache
def _model() -> "TypeAdapter[Entry]":
    # Imported when there is something to read: `fream --help` must not wait for it.
    from pydantic import TypeAdapter

    return TypeAdapter(Entry)


def history_of(settings: "Settings") -> History:
    """The history of a project."""
    return History(settings.state_directory / "history.jsonl")


def _read(line: str) -> Entry | None:
    """An entry of which every part means something; None for anything else."""
    try:
        entry = _model().validate_json(line)
        read_moment(entry.started)
        Version.parse(entry.version)
        SetName(entry.set)
    except (ValueError, UsageError):
        return None
    return entry


def who() -> str:
    """user@host of this run, and the CI job where its environment names one."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    job = next((os.environ[name] for name in _CI_JOBS if os.environ.get(name)), "")
    return f"{user}@{socket.gethostname()}" + (f" ({job})" if job else "")
