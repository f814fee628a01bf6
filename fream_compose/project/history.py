"""What was released, when, by whom and how it ended. A log: never asked what is live."""

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose import foreign
from fream_compose.errors import ConfigurationError, UsageError, reason
from fream_compose.project import durable
from fream_compose.release import SetName, Version, read_moment

if TYPE_CHECKING:
    from pydantic import TypeAdapter


_READ = 1_048_576  # bytes of its end that are read
_LONGEST = 16 * _READ  # from which on all but that is forgotten
WORSE = "worse"  # the result of a release that was made although users fare worse on it


class Kind(StrEnum):
    """What a release came by."""

    SWITCH = "switch"
    ROLLBACK = "rollback"


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
    """One switch. Times are ISO 8601 in UTC, durations in seconds.

    steps: durations by title. step_ids: what stays the same of each, by its title.

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
    step_ids: dict[str, str] = field(default_factory=dict)
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
        """The last entries, and how many lines were passed over. Raises ConfigurationError.

        Of a switch that was written down twice the last line counts. No more is read than
        the last megabyte, some hundreds of releases.
        """
        lines = self._lines()
        entries = [entry for line in lines if (entry := _read(line))]
        return Log(tuple({e.id: e for e in entries}.values()), len(lines) - len(entries))

    def add(self, entry: Entry) -> None:
        """Append an entry, or what became of the one of that id. Raises ConfigurationError.

        What cannot be written as a whole is not there.
        """
        durable.make_folder(self._path.parent)
        line = json.dumps(asdict(entry), ensure_ascii=False)
        try:
            self._append(f"{line}\n".encode("utf-8", "replace"))
        except OSError as error:
            raise durable.unwritable(self._path, error) from error

    def _append(self, line: bytes) -> None:
        self._forget_the_oldest()
        with durable.open_private(self._path) as file:
            end = file.seek(0, os.SEEK_END)
            torn = end and os.pread(file.fileno(), 1, end - 1) != b"\n"
            try:
                file.write(b"\n" * bool(torn) + line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise

    def _forget_the_oldest(self) -> None:
        if self._path.exists() and self._path.stat().st_size > _LONGEST:
            durable.write(self._path, "\n".join([*self._lines(), ""]), mode=0o600)

    def _lines(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = file.seek(max(0, size - _READ))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be read", reason(error)) from error
        # Not splitlines(): what an app answered may hold the other line separators.
        lines = text.split("\n")
        return [line for line in (lines[1:] if start else lines) if line]


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


def _read(line: str) -> Entry | None:
    """An entry of which every part means something; None for anything else."""
    try:
        entry = foreign.of_json(line, _model().validate_python)
        read_moment(entry.started)
        Version.parse(entry.version)
        SetName(entry.set)
    except (ValueError, UsageError):
        return None
    return entry
