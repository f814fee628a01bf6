"""What a project grants beside its owner: nothing, unless the setgid bit of its folder asks for it.

`chmod g+s` on the folder of compose.yaml lets its group read the history and the notes; with
`g+w` the group may release. What is made in a folder then is as open as that needs, whoever
makes it and whatever the umask is.
"""

import grp
import os
import pwd
import shlex
import stat
from contextlib import suppress
from pathlib import Path

_READER, _EVERYBODY = 0o010, 0o001  # who may search the state folder, and so read a note


def releases(folder: Path) -> bool:
    """Whether the group of a folder may change what is in it."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def mode_in(folder: Path, mode: int) -> int:
    """The mode of what is made in a folder. mode: where nothing is granted."""
    return mode | (mode & 0o700) >> 3 if releases(folder) else mode


def folder_mode(parent: Path, mode: int) -> int:
    """The mode of a folder that is made in another. mode: where nothing is granted."""
    return mode_in(parent, mode) | (stat.S_ISGID if releases(parent) else 0)


def state_mode(folder: Path) -> int:
    """The mode of the folder of notes, by that of the project's.

    Who may read can search it, but not open it: it is the lock, which any opener could take.
    """
    project = folder.parent.stat().st_mode
    if not project & stat.S_ISGID:
        return 0o700
    kept = folder.stat().st_mode & _EVERYBODY if folder.exists() else 0
    group = 0o070 if project & stat.S_IWGRP else _READER
    return stat.S_ISGID | 0o700 | group | kept


def note_mode(folder: Path) -> int:
    """The mode of a note, by that of the folder of notes. No note holds a secret."""
    mode = folder.stat().st_mode
    if not mode & stat.S_ISGID:
        return 0o600
    group = 0o060 if mode & stat.S_IWGRP else 0o040
    return 0o600 | group | (0o004 if mode & _EVERYBODY else 0)


def give(descriptor: int, folder: Path, mode: int) -> None:
    """Give an open file or folder its mode, and a folder's group where that is shared.

    What belongs to somebody else, who has done so, stays as it is.
    """
    bring_home(descriptor, folder)
    now, shared = os.fstat(descriptor), folder.stat()
    with suppress(PermissionError):
        if shared.st_mode & stat.S_ISGID and now.st_gid != shared.st_gid:
            os.fchown(descriptor, -1, shared.st_gid)
        if stat.S_IMODE(now.st_mode) != mode:
            os.fchmod(descriptor, mode)


def is_strayed(found: os.stat_result, folder: Path) -> bool:
    """Whether root made what is in the folder of somebody else, who could not use it."""
    return os.geteuid() == 0 and found.st_uid == 0 and folder.stat().st_uid != 0


def bring_home(descriptor: int, folder: Path) -> None:
    """Give the owner of a folder what root made in it, as a timer or with sudo."""
    found = os.fstat(descriptor)
    # What has another name elsewhere is not only of this folder.
    if is_strayed(found, folder) and (found.st_nlink == 1 or stat.S_ISDIR(found.st_mode)):
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def owners(path: Path) -> str:
    """Whom a file or folder belongs to, and its group where that shares it; empty if unknown."""
    with suppress(OSError, StopIteration):
        path, found = _seen(path)
        whom = f"it belongs to {_user(found.st_uid)}"
        shares = _project(path).stat().st_mode & stat.S_ISGID
        return f"{whom} and the group {_group(found.st_gid)}" if shares else whom
    return ""


def way_in(path: Path) -> str:
    """What to type for whoever may not have a file or folder of a project."""
    with suppress(OSError, StopIteration):
        path, found = _seen(path)
        user = _user(found.st_uid)
        if found.st_uid == os.geteuid():
            return f"chmod u+rwX {shlex.quote(str(path))}"
        if releases(_project(path)):
            joins = f"sudo usermod -aG {_group(found.st_gid)} $USER, then log in again"
            return f"{joins}; or run fream as {user}"
        return f"Run fream as {user}: sudo -u {user} fream ..."
    return ""


def _seen(path: Path) -> tuple[Path, os.stat_result]:
    """A file, or the first folder above that this user may look at."""
    for place in (path, *path.parents):
        with suppress(PermissionError):
            return place, place.stat()
    raise StopIteration


def _project(path: Path) -> Path:
    """The folder that says whether what is in it is shared."""
    return path if path.is_dir() and path.name != ".fream" else path.parent


def closed(path: Path) -> bool:
    """Whether a file is there, and not for this user to read."""
    return path.exists() and not os.access(path, os.R_OK)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
