"""One run at a time, by a lock on a folder that the kernel frees when its holder dies."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fream_compose import foreign, times
from fream_compose.errors import ConfigurationError, LockedError
from fream_compose.project import durable
from fream_compose.project.operator import who
from fream_compose.release import read_moment

_POLL_SECONDS = 0.2
_PEEK_SECONDS = 0.1  # free() has the lock for less; that must not look like another run
_HOLDER = "holder.json"
_LOCKS = Path("/proc/locks")


@contextmanager
def hold(
    folder: Path, command: str, wait: float = 0.0, pause: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold the project for the length of a run. Raises LockedError that says who has it.

    folder: of the project's state; only its owner and who may release can open it, so that no
    other user can take the lock. wait: seconds to wait for another run to end. Raises
    ConfigurationError for a folder of another user's.
    """
    until = time.monotonic() + max(wait, _PEEK_SECONDS)
    descriptor = _taken(folder, until, pause)
    try:
        _sign(folder / _HOLDER, command)
        yield
    finally:
        os.close(descriptor)


def free(folder: Path) -> bool:
    """Whether nobody holds the project at this moment. Raises ConfigurationError.

    Who may only read cannot try the lock, and goes by what the kernel says of all locks.
    """
    if not folder.exists():
        return True
    if not os.access(folder, os.R_OK) and os.access(folder, os.X_OK):
        return not _is_held(folder)
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is_held(folder: Path) -> bool:
    """Whether a lock on a folder is among those that /proc/locks lists."""
    number = str(folder.stat().st_ino)
    with suppress(OSError):
        rows = map(str.split, _LOCKS.read_text("utf-8", "replace").splitlines())
        # 1: FLOCK ADVISORY WRITE 4711 fe:01:131 0 EOF
        return any(
            row[1] == "FLOCK" and row[3] == "WRITE" and row[5].rpartition(":")[2] == number
            for row in rows
            if len(row) > 5
        )
    return False


def _open(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise durable.unusable(folder, error) from error


def _taken(folder: Path, until: float, pause: Callable[[float], None]) -> int:
    """The descriptor of the locked folder; closing it frees the lock."""
    while True:
        durable.make_state_folder(folder)
        descriptor = _open(folder)
        try:
            _take(descriptor, folder, until, pause)
            # A folder that was replaced meanwhile is another lock.
            if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _take(descriptor: int, folder: Path, until: float, pause: Callable[[float], None]) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise LockedError(
                    "Another run is at work",
                    holder(folder),
                    next_step="Try again when it is done, or wait for it with --wait 10m",
                ) from error
        except OSError as error:
            raise durable.unusable(folder, error) from error
        pause(_POLL_SECONDS)


def _sign(path: Path, command: str) -> None:
    note = {
        "pid": os.getpid(),
        "by": who(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
    }
    # On a full disk the lock holds as well; only who holds it stays unsaid.
    with suppress(OSError, ConfigurationError):
        durable.write_note(path, json.dumps(note))


def holder(folder: Path) -> str:
    """Who holds the project, since when and for what."""
    try:
        return foreign.of_json((folder / _HOLDER).read_bytes(), _holder)
    except (OSError, ValueError):
        return "It has not said who it is"


def _holder(note: Any) -> str:
    since = times.since(read_moment(note["since"]))
    return f"`{note['command']}` by {note['by']}, since {since}; process {note['pid']}"
