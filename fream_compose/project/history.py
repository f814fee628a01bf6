"""What was done, when, by whom and how it ended. A log: never asked what is live."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fream_compose.errors import UsageError
from fream_compose.project import durable
from fream_compose.project.entry import Entry, read_entry
from fream_compose.release import read_moment

_READ = 1_048_576  # bytes of its end that are read
_LONGEST = 16 * _READ  # from which on all but that is forgotten


@dataclass(frozen=True)
class Log:
    """What a history holds, the newest last, and how many lines could not be read."""

    entries: tuple[Entry, ...]
    passed_over: int


class History:
    """The file history.jsonl: a line each time that more is known of a release, the newest last.

    Runs that bring none are in runs.jsonl beside it: however many there are, they push no
    release out of what is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs = path.with_name("runs.jsonl")

    def entries(self) -> tuple[Entry, ...]:
        """The releases that ended or serve already, of what can be read, the newest last.

        One that ended before it was decided where it goes is none. Raises ConfigurationError.
        """
        found = _read(self._path).entries
        return tuple(e for e in found if e.of_release and e.set and (e.ended or e.served))

    def read(self) -> Log:
        """The last runs of all kinds, in the order in which they began, and how many lines were
        passed over. Raises ConfigurationError.

        Of a run that was written down twice the last line counts. No more is read than the last
        megabyte of each file, some hundreds of releases.
        """
        releases, others = _read(self._path), _read(self._runs)
        entries = sorted([*releases.entries, *others.entries], key=_began)
        return Log(tuple(entries), releases.passed_over + others.passed_over)

    def running(self) -> tuple[Entry, ...]:
        """The runs whose end is not on record. Raises ConfigurationError."""
        return tuple(entry for entry in self.read().entries if not entry.ended)

    def add(self, entry: Entry) -> None:
        """Append an entry, or what became of the one of that id. Raises ConfigurationError.

        What cannot be written as a whole is not there.
        """
        path = self._path if entry.of_release else self._runs
        durable.make_state_folder(path.parent)
        line = json.dumps(asdict(entry), ensure_ascii=False)
        try:
            _append(path, f"{line}\n".encode("utf-8", "replace"))
        except OSError as error:
            raise durable.unwritable(path, error) from error


def find(entries: tuple[Entry, ...], wanted: str) -> Entry:
    """The entry of an id, of the beginning of one, or of the part after its dash.

    Raises UsageError when there is none, or more than one.
    """
    exact = [entry for entry in entries if wanted in (entry.id, entry.short_id)]
    found = exact or [e for e in entries if e.id.startswith(wanted) and wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"No run has the id {wanted!r}", next_step="fream history")
    raise UsageError(
        f"{len(found)} runs have ids that begin with {wanted!r}",
        ", ".join(entry.id for entry in found[-5:]),
        next_step="Type more of the id",
    )


def of_release(entries: Sequence[Entry], switch: str, version: str) -> Entry | None:
    """The entry of a release that served: of this switch, or else the last of this version."""
    newest = [entry for entry in reversed(entries) if entry.served]
    found = [e for e in newest if e.id == switch] or [e for e in newest if e.version == version]
    return found[0] if found else None


def _began(entry: Entry) -> datetime:
    return read_moment(entry.started)


def _read(path: Path) -> Log:
    lines = _lines(path)
    entries = [entry for line in lines if (entry := read_entry(line))]
    return Log(tuple({e.id: e for e in entries}.values()), len(lines) - len(entries))


def _append(path: Path, line: bytes) -> None:
    _forget_the_oldest(path)
    with durable.open_note(path) as file:
        end = file.seek(0, os.SEEK_END)
        torn = end and os.pread(file.fileno(), 1, end - 1) != b"\n"
        try:
            durable.write_all(file, b"\n" * bool(torn) + line)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _forget_the_oldest(path: Path) -> None:
    if path.exists() and path.stat().st_size > _LONGEST:
        durable.write_note(path, "\n".join([*_lines(path), ""]))


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size - _READ))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise durable.refused(path, error, "cannot be read") from error
    # Not splitlines(): what an app answered may hold the other line separators.
    lines = text.split("\n")
    return [line for line in (lines[1:] if start else lines) if line]
