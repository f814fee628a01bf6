"""One run at a time, by a lock that the kernel frees when its holder dies."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from fream_compose import durable
from fream_compose.errors import ConfigurationError, LockedError
from fream_compose.history import who

_POLL_SECONDS = 0.2
_PEEK_SECONDS = 0.1  # free() has the lock for less; that must not look like another run


@contextmanager
def hold(
    path: Path, command: str, wait: float = 0.0, pause: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold the project for the length of a run. Raises LockedError that says who has it.

    wait: seconds to wait for another run to end.
    """
    durable.make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be opened",
            error.strerror or "",
            next_step=f"Give {path.parent} to the user who releases: chown -R USER {path.parent}",
        ) from error
    try:
        _take(descriptor, path, time.monotonic() + max(wait, _PEEK_SECONDS), pause)
        _sign(descriptor, command)
        yield
    finally:
        os.close(descriptor)


def free(path: Path) -> bool:
    """Whether nobody holds the project at this moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _take(descriptor: int, path: Path, until: float, pause: Callable[[float], None]) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise LockedError(
                    "Another run is at work",
                    holder(path),
                    next_step="Try again when it is done, or wait for it with --wait 10m",
                ) from error
        pause(_POLL_SECONDS)


def _sign(descriptor: int, command: str) -> None:
    note = {
        "pid": os.getpid(),
        "by": who(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
    }
    # On a full disk the lock holds as well; only who holds it stays unsaid.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)


def holder(path: Path) -> str:
    """Who holds the project, since when and for what."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return f"{note['command']!r}, process {note['pid']} of {note['by']}, since {note['since']}"
    except (OSError, ValueError, KeyError):
        return "It has not said who it is"
