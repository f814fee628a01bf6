"""nginx/live: the link that names the release that users are sent to.

It leads to a folder that belongs to one switch, and one rename of the link is the cut-over.
The folder holds the include, which is what nginx goes by after it was started or reloaded; a
file named after the set, for which nginx looks at each request; and nginx's own answer.
Whatever becomes of the link, nginx goes on by what the include said when it read it.
"""

import json
import os
import re
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fream_compose.errors import FreamError
from fream_compose.project import durable
from fream_compose.project.sharing import folder_mode
from fream_compose.release import LiveRelease, SetName, Version

LINK, FOLDERS = "live", ".live"
FILE = "service-url.inc"
_ANSWER = "answer.json"
_NOTHING = "none"  # the folder of a project that has released nothing
_UNNAMED = "unnamed"  # of a release of which nobody knows the switch
_INSIDE = f"/etc/nginx/{LINK}"  # where nginx's container has it
_READABLE = 0o755
SERVICE = "has-"  # with a service that the release has beside the app
_NET = "net-"  # with the set that the other may answer for


def put(folder: Path, live: LiveRelease | None, services: tuple[str, ...] = ()) -> None:
    """Name a release, or none, in one rename. Raises ConfigurationError; then nothing changed.

    services: that it has beside the app, where it is named for the first time.
    """
    name = (live.switch or _UNNAMED) if live else _NOTHING
    born = {f"{SERVICE}{service}": "" for service in services}
    try:
        _make(folder / FOLDERS, name, render(live), born)
        before = _target(folder)
        _point(folder, name)
        if before != name:
            _prune(folder / FOLDERS, {name, before})
    except OSError as error:
        raise durable.unwritable(folder / LINK, error) from error


def prepare(folder: Path) -> None:
    """Name nothing, where there is no link. Raises ConfigurationError."""
    if not (folder / LINK).is_symlink():
        put(folder, read(folder))


def read(folder: Path) -> LiveRelease | None:
    """What the include of a configuration names; None where it names nothing.

    Until `fream reload` has moved it, it may still be where an earlier fream wrote it.
    """
    for path in (folder / LINK / FILE, folder / FILE):
        with suppress(OSError):
            return parse_include(path.read_text(encoding="utf-8", errors="replace"))
    return None


def forget_earlier(folder: Path) -> None:
    """Remove the include of an earlier fream. Raises ConfigurationError."""
    durable.remove(folder / FILE)


def arm(folder: Path, name: SetName) -> None:
    """Have the other set answer for this one where it does not. Raises ConfigurationError."""
    durable.write(folder / LINK / f"{_NET}{name}", "")


def disarm(folder: Path) -> None:
    """Have no set answer for another one. Raises ConfigurationError."""
    for name in SetName:
        durable.remove(folder / LINK / f"{_NET}{name}")


def render(live: LiveRelease | None) -> dict[str, str]:
    """The files of a release's folder by name. Every value was validated when it was made."""
    if live is None:
        # The first again: what is renamed between two looks was seen by neither.
        return {FILE: _rule("", *SetName, SetName.SET1)}
    named = {"set": live.set, "version": str(live.version), "switch": live.switch}
    comment = "".join(f"# {key} {value}\n" for key, value in named.items())
    return {
        FILE: comment + _rule(live.set, live.set.other),
        _ANSWER: json.dumps(named) + "\n",
        live.set: "",
    }


def _rule(name: str, *others: SetName) -> str:
    """The set that a request goes to: another one only where a file says so at that moment."""
    looks = [f"if (-f {_INSIDE}/{o}) {{\n    set $live_set {o};\n}}\n" for o in others]
    return f'set $live_set "{name}";\n' + "".join(looks)


def parse_include(text: str) -> LiveRelease | None:
    """Read the include's text back; None when it names nothing or is not ours."""
    values: Mapping[str, str] = dict(
        re.findall(r"^# (set|version|switch) (\S*)$", text, re.M)
        or re.findall(r'set \$live_(\w+) +"?([^";]*)"?;', text)
    )
    try:
        return release_of(values["set"], values["version"], values["switch"])
    except (KeyError, ValueError, FreamError):
        return None


def release_of(name: str, version: str, switch: str) -> LiveRelease | None:
    """The release that these values name; None for an empty set.

    Raises ValueError and UsageError for values that are not ours.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{0,64}", switch):
        raise ValueError(f"{switch!r} is not the id of a switch")
    return LiveRelease(SetName(name), Version.parse(version), switch) if name else None


def _make(folders: Path, name: str, files: Mapping[str, str], born: Mapping[str, str]) -> None:
    """Make a folder that is whole from the moment it has its name, with what only then holds.

    One that is there may be live: only what differs is written, so that nginx always finds
    the rest, and so that going back succeeds on a full disk, too.
    """
    made = folders / name
    if made.is_dir():
        _complete(made, files)
        return
    make_readable(folders)
    draft = folders / f".{name}"
    shutil.rmtree(draft, ignore_errors=True)
    _complete(draft, {**files, **born})
    draft.replace(made)
    durable.sync_folder(folders)


def _complete(made: Path, files: Mapping[str, str]) -> None:
    make_readable(made)
    for name in set(SetName) - files.keys():
        durable.remove(made / name)
    for file, text in files.items():
        if not _holds(made / file, text):
            durable.write(made / file, text)


def _holds(path: Path, text: str) -> bool:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace") == text
    return False


def make_readable(folder: Path) -> None:
    """Make a folder that nginx's user reads, whatever this user's umask is. Raises OSError."""
    folder.mkdir(exist_ok=True)
    mode = folder_mode(folder.parent, _READABLE)
    if stat.S_IMODE(folder.stat().st_mode) != mode:
        folder.chmod(mode)


def _point(folder: Path, name: str) -> None:
    link, target = folder / LINK, f"{FOLDERS}/{name}"
    if link.is_symlink() and os.readlink(link) == target:  # noqa: PTH115  # as it is written
        return
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # a copy of the configuration has copied what the link leads to
    draft = folder / f".{LINK}.{name}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)
    durable.sync_folder(folder)


def _target(folder: Path) -> str:
    """The name of the folder that the link leads to; empty where there is no link."""
    with suppress(OSError):
        return Path(os.readlink(folder / LINK)).name  # noqa: PTH115
    return ""


def _prune(folders: Path, kept: set[str]) -> None:
    for old in folders.iterdir():
        if old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)
