"""What TAB offers of a project: from its notes alone, as whatever else knows it is slow.

Nothing is believed: a shell may split, expand or even run what is no version, id or name.
"""

import json
import os
import re
import signal
import time
from contextlib import contextmanager

from fream_compose import foreign

TYPE_CHECKING = False  # typing itself takes longer than a note is read
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Found = list[tuple[str, str]]

_SECONDS = 3.0  # nobody waits longer for TAB
_STATE = ".fream"
_TAGS = "tags.json"  # what this server and the registry had when they were asked
_YOUNG = 5.0  # seconds for which nobody is asked again
_READ = 131_072  # bytes of the end of the history
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_ID = re.compile(r"[A-Za-z0-9]{1,32}-[A-Za-z0-9]{1,32}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")
_PARTS = re.compile(r"(\d+)")
_SETS = ("live", "idle", "set1", "set2")


@contextmanager
def silently() -> "Iterator[None]":
    """An end after a few seconds, and no word of what fails."""

    def give_up(_signum: int, _frame: object) -> None:
        raise SystemExit(1)

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise SystemExit(1) from None


class Place:
    """A project. given: as it was named on the command line; folder: of compose.yaml, or empty."""

    def __init__(self, given: str, folder: str) -> None:
        self.given = given
        self.folder = folder

    def note(self, name: str) -> str:
        """The path of a note."""
        return os.path.join(self.folder, _STATE, name)  # noqa: PTH118


def project(given: str) -> Place:
    """The project that a command line is about: as `cli.project.find`, and none where it fails."""
    given = os.path.expanduser(os.path.expandvars(given))  # noqa: PTH111
    named = given or os.environ.get("FREAM_PROJECT_DIR", "")
    folder = os.path.abspath(named)  # noqa: PTH100
    while True:
        for place in (f"{folder}/compose", folder):
            if all(os.path.isfile(f"{place}/{n}.yaml") for n in ("compose", "infra")):  # noqa: PTH113
                return Place(given, place)
        if named or folder == "/":
            return Place(given, "")
        folder = os.path.dirname(folder)  # noqa: PTH120


def sets(_place: Place, _typed: str) -> "Found":
    """Where the app runs."""
    return [(name, "") for name in _SETS]


def services(place: Place, _typed: str) -> "Found":
    """What has a log."""
    beside = _remembered(place, lambda settings: settings["services"])
    known = [*_SETS, "nginx", "mysql", *beside]
    return [(name, "") for name in dict.fromkeys(known) if _NAME.fullmatch(name)]


def profiles(_place: Place, _typed: str) -> "Found":
    """What `up` starts."""
    return [(name, "") for name in ("infra", "set1", "set2")]


def hosts(place: Place, _typed: str) -> "Found":
    """What has a certificate."""
    known = _remembered(place, lambda settings: settings["switch"]["tls"]["hosts"])
    return [(name, "") for name in known if _NAME.fullmatch(name)]


def ids(place: Place, typed: str) -> "Found":
    """What can be shown of the history, the newest first: by the short id, or by the whole."""
    found = {row["id"]: row for row in _history(place) if _ID.fullmatch(str(row["id"]))}
    short = ((id.rpartition("-")[2], _words(row)) for id, row in found.items())
    if matching := [(id, means) for id, means in short if id.startswith(typed)]:
        return matching
    return [(id, _words(row)) for id, row in found.items()]


def _words(row: "Any") -> str:
    told = (row.get(name, "") for name in ("started", "kind", "version", "result"))
    plain = (str(part).partition("@")[0][:40] for part in told)
    return " ".join(part for part in plain if part.isascii() and part.isprintable() and part)


def versions(place: Place, _typed: str) -> "Found":
    """What was released here, and what this server or the registry has; the highest last."""
    released = (str(row.get("version", "")).partition("@")[0] for row in _history(place))
    known = filter(_VERSION.fullmatch, {*released, *_tags(place)})
    return [(version, "") for version in sorted(known, key=_by_number)]


def _by_number(version: str) -> "list[tuple[int, str]]":
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.split(version)]


def _tags(place: Place) -> "list[str]":
    """As they were noted, and asked anew for the next time; at once where they never were."""
    known, age = _noted(place)
    if known is None:
        return _ask(place)
    if not 0 <= age < _YOUNG:
        _in_background(lambda: _ask(place))
    return known


def _noted(place: Place) -> "tuple[list[str] | None, float]":
    """The tags, and how many seconds ago they were asked for."""
    try:
        with open(place.note(_TAGS), "rb") as file:  # noqa: PTH123
            age = time.time() - os.fstat(file.fileno()).st_mtime
            return foreign.of_json(file.read(), lambda note: [str(tag) for tag in note]), age
    except (OSError, ValueError):
        return None, 0.0


def _ask(place: Place) -> "list[str]":
    """Ask Docker and the registry, and note what they say where the project has its notes."""
    from pathlib import Path

    from fream_compose.cli.project import find
    from fream_compose.operations.versions import versions as asked
    from fream_compose.project import durable

    found = asked(find(Path(place.given) if place.given else None))
    note = Path(place.note(_TAGS))
    if note.parent.is_dir():
        # Where nobody answers, what was said before is better than nothing.
        kept = found or _noted(place)[0] or []
        durable.write_note(note, json.dumps(kept))
    return found


def _in_background(work: "Callable[[], object]") -> None:
    """Do it in a process of its own, that nobody waits for, and that ends as soon as this would."""
    if os.fork():
        return
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nothing, descriptor)
        with silently():
            work()
    finally:
        os._exit(0)


def _history(place: Place) -> "Iterator[Any]":
    """The rows at its end, the newest first."""
    try:
        with open(place.note("history.jsonl"), "rb") as file:  # noqa: PTH123
            file.seek(max(0, file.seek(0, os.SEEK_END) - _READ))
            lines = file.read().split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        try:
            yield foreign.of_json(line, lambda row: row | {"id": str(row["id"])})
        except ValueError:
            continue


def _remembered(place: Place, names: "Callable[[Any], Iterable[object]]") -> "list[str]":
    """Names among the settings of the last run."""
    try:
        with open(place.note("settings.json"), "rb") as file:  # noqa: PTH123
            return foreign.of_json(file.read(), lambda found: list(map(str, names(found))))
    except (OSError, ValueError):
        return []
