"""The key to nginx's control port: the name of a file in a folder that only its owner can list.

nginx looks whether the file that a request names is there, so a key that is made holds at once,
and no configuration has it.
"""

import os
import re
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from fream_compose.project.sharing import folder_mode

_FOLDER = ".key"
_HEADER = "X-Fream-Key"
_ASKED = "$http_x_fream_key"
_KEY = re.compile(r"[0-9a-f]{64}")
_SEARCHABLE = 0o711  # by nginx's user, who asks for one name, but does not list them


def header(folder: Path) -> dict[str, str]:
    """What a request to the control port of this configuration carries.

    The key is made where there is none. Nothing where no key is asked for, and where this user
    may not have it: then nginx says what is live, and refuses the rest.
    """
    with suppress(OSError):
        if _ASKED not in (folder / "control.conf").read_text(errors="replace"):
            return {}  # an earlier control.conf would pass it on to the app
        return {_HEADER: _held(folder / _FOLDER) or _made(folder / _FOLDER)}
    return {}


def renew(folder: Path) -> None:
    """Have the next request make a new key: an earlier configuration passed on the one there is."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _held(keys: Path) -> str:
    """The key that there is; empty where there is none, or where others may list it."""
    if not keys.is_dir() or stat.S_IMODE(keys.stat().st_mode) != _mode(keys):
        return ""
    return min((path.name for path in keys.iterdir() if _KEY.fullmatch(path.name)), default="")


def _mode(keys: Path) -> int:
    return folder_mode(keys.parent, _SEARCHABLE)


def _made(keys: Path) -> str:
    """A new key, or the one that another run makes at this moment."""
    shutil.rmtree(keys, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}.", dir=keys.parent))
    key = secrets.token_hex(32)
    (draft / key).touch(mode=0o600)
    draft.chmod(_mode(keys))
    with suppress(PermissionError):  # who runs this as root does so for the folder's owner
        owner = keys.parent.stat()
        for path in (draft / key, draft):
            os.chown(path, owner.st_uid, owner.st_gid)
    try:
        draft.rename(keys)
    except OSError:
        shutil.rmtree(draft)
        return _held(keys)
    return key
