"""Files that survive a crash: either the old content or the new, never a part."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fream_compose.errors import ConfigurationError, reason
from fream_compose.project import sharing


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file at once and for good.

    The text goes to a temporary file beside the target, is synced, renamed, and the
    folder synced. An existing file keeps its permissions and owner; `mode` is for a
    new one; a folder that is shared opens both to its group. Raises ConfigurationError
    when the disk is full or the folder read-only; then the old content is untouched.
    """
    try:
        # Through a link, the file behind it is the one to replace.
        _replace(path.resolve(), text, mode)
    except OSError as error:
        raise unwritable(path, error) from error


def write_note(path: Path, text: str) -> None:
    """The same for a note, for all who may read the notes of the project."""
    try:
        mode = sharing.note_mode(path.parent)
        write(path, text, mode=mode)
        # One that was there has kept its mode; whom it was for may have read and removed it.
        with suppress(FileNotFoundError), path.open("rb") as file:
            sharing.give(file.fileno(), path.parent, mode)
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
    """Open a file to append to and read, for its owner and who may release. Raises OSError."""
    return _open(path, sharing.mode_in(path.parent, 0o600))


def open_note(path: Path) -> BinaryIO:
    """The same for a note, which those who may read can open. Raises OSError."""
    return _open(path, sharing.note_mode(path.parent))


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write to a file that is not buffered. Raises OSError also where only a part fits in."""
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _open(path: Path, mode: int) -> BinaryIO:
    # No link: root may give the file to the owner of the folder, who could have made one.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    sharing.give(descriptor, path.parent, mode)
    return os.fdopen(descriptor, "ab+", buffering=0)


def make_folder(path: Path) -> None:
    """Make a folder for its owner and who may release, or close one that is there to others.

    Raises ConfigurationError, also for a folder that belongs to another user.
    """
    _make(path, lambda: sharing.folder_mode(path.parent, 0o700))


def make_state_folder(path: Path) -> None:
    """The same for the folder of notes, which those who may read can search; its notes follow."""
    _make(path, lambda: sharing.state_mode(path))
    with suppress(OSError):
        mode = sharing.note_mode(path)
        for note in path.iterdir():
            # Settings may hold a secret, which is for whoever writes them to see.
            if note.is_file() and note.name != "settings.json" and _mode(note) != mode:
                with suppress(OSError):
                    open_note(note).close()


def _make(path: Path, mode: Callable[[], int]) -> None:
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        if _mode(path) == mode() and not sharing.is_strayed(path.stat(), path.parent):
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            sharing.give(descriptor, path.parent, mode())
        finally:
            os.close(descriptor)
        if _mode(path) & ~mode() or not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # another user's
    except OSError as error:
        raise unusable(path, error) from error


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def unusable(folder: Path, error: OSError) -> ConfigurationError:
    """What to tell of a folder that this user cannot have to itself."""
    if not isinstance(error, PermissionError):
        return refused(folder, error, "cannot be used")
    whose = sharing.owners(folder) or "it belongs to another user"
    way_in = sharing.way_in(folder) or "Run fream as its owner: sudo -u OWNER fream ..."
    what, why = f"You may not change this project: {whose}", f"{folder}: {reason(error)}"
    return ConfigurationError(what, why, next_step=way_in)


def refused(path: Path, error: OSError, what: str) -> ConfigurationError:
    """What to tell of a file or folder that this user may not have: whose it is, how to join."""
    why, next_step = reason(error), ""
    if isinstance(error, PermissionError):
        why, next_step = f"{why}: {sharing.owners(path)}", sharing.way_in(path)
    return ConfigurationError(f"{path} {what}", why.rstrip(": "), next_step=next_step)


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
    folder, current = path.parent, path.stat() if path.exists() else None
    mode = stat.S_IMODE(current.st_mode) if current else mode
    os.fchmod(descriptor, sharing.mode_in(folder, mode))
    if current is None:
        sharing.bring_home(descriptor, folder)
    elif (current.st_uid, current.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            shared = sharing.releases(folder)  # then it has the folder's group by now
            os.fchown(descriptor, current.st_uid, -1 if shared else current.st_gid)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
