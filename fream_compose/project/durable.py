"""Files that survive a crash: either the old content or the new, never a part."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fream_compose.errors import ConfigurationError, reason


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file at once and for good.

    The text goes to a temporary file beside the target, is synced, renamed, and the
    folder synced. An existing file keeps its permissions and owner; `mode` is for a
    new one. Raises ConfigurationError when the disk is full or the folder read-only;
    then the old content is untouched.
    """
    try:
        # Through a link, the file behind it is the one to replace.
        _replace(path.resolve(), text, mode)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ConfigurationError:
    """What to tell of a file that cannot be written."""
    return ConfigurationError(
        f"{path} cannot be written",
        reason(error),
        next_step=f"Make room on the disk, or check the permissions of {path.parent}",
    )


def open_private(path: Path) -> BinaryIO:
    """Open a file to append to and read, its owner's alone. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab+", buffering=0)


def make_folder(path: Path) -> None:
    """Make a folder that is its owner's alone, or close one that is there to others.

    Raises ConfigurationError, also for a folder that belongs to another user.
    """
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise unusable(path, error) from error


def unusable(folder: Path, error: OSError) -> ConfigurationError:
    """What to tell of a folder that this user cannot have to itself."""
    why, next_step = reason(error), ""
    if isinstance(error, PermissionError):
        with suppress(OSError, KeyError):
            why = f"{why}: it belongs to {folder.owner()}"
        next_step = f"sudo chown -R $USER {folder}, or run fream as the user it belongs to"
    return ConfigurationError(f"{folder} cannot be used", why, next_step=next_step)


def remove(path: Path) -> None:
    """Remove a file for good; fine when there is none. Raises ConfigurationError."""
    if not path.exists():
        return
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be removed", reason(error)) from error


def _replace(path: Path, text: str, mode: int) -> None:
    # One of .env that a killed run leaves is kept out of version control as .env itself is.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name.lstrip('.')}.", dir=path.parent)
    try:
        # Foreign bytes that were read with surrogateescape are written as they were.
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            _take_permissions(file.fileno(), path, mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _take_permissions(descriptor: int, path: Path, mode: int) -> None:
    if path.exists():
        current = path.stat()
        os.fchmod(descriptor, current.st_mode & 0o7777)
        if (current.st_uid, current.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.fchown(descriptor, current.st_uid, current.st_gid)
    else:
        os.fchmod(descriptor, mode)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
