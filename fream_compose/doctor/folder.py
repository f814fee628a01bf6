"""What a project's files tell without Docker."""

import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fream_compose import __version__
from fream_compose.errors import ConfigurationError
from fream_compose.project import manifest
from fream_compose.project.envfile import EnvFile
from fream_compose.project.sharing import releases, way_in
from fream_compose.project.state import state_of

_SECRETS = (".env", "app.env")
_OWN = ("http.d", "site.d")
_LOCATION = re.compile(r"\blocation\s[^{}]*\{[^{}]*\}")
_PASSES = re.compile(r"\bproxy_pass\s+\S*\$(service_url|live_set)")
_STREAMS = "proxy_request_buffering off;"  # the net cannot send what was passed on as it came
_NET, _BUSY = "include net.inc;", "limit_conn fream_busy "


@dataclass(frozen=True)
class FolderFacts:
    """The files of a project.

    directory: of compose.yaml. env_error: why `.env` cannot be read, and env_remedy.
    unset: variables that `.env.example` sets and `.env` does not. open_files: files with secrets
    that others may read, with their modes. unwritable: folders that this user may not write to, and
    way_in, what to type for that. written_by: the version of fream that wrote the files; empty
    where it is not known, None where they are not laid out as `fream init` does. unmerged: new
    texts of files that were edited. outside_net: places of nginx's locations of the user's own
    whose requests no other set answers for. uncounted: those whose requests hold no drain.
    misspelt: variables of `.env` that nothing reads, each with the known one it looks like.
    """

    directory: Path
    env_error: str = ""
    env_remedy: str = ""
    unset: tuple[str, ...] = ()
    open_files: tuple[tuple[Path, int], ...] = ()
    unwritable: tuple[Path, ...] = ()
    way_in: str = ""
    written_by: str | None = None
    unmerged: tuple[Path, ...] = ()
    outside_net: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    misspelt: tuple[tuple[str, str], ...] = ()


def folder_facts(
    directory: Path, nginx: Path | None = None, elsewhere: frozenset[str] = frozenset()
) -> FolderFacts:
    """Look at the files beside compose.yaml.

    nginx: the folder of nginx's configuration. elsewhere: variables that need no line in `.env`.
    """
    env, error, remedy = EnvFile(directory / ".env"), "", ""
    unset: tuple[str, ...] = ()
    misspelt: tuple[tuple[str, str], ...] = ()
    try:
        unset = _unset(EnvFile(directory / ".env.example"), env, elsewhere)
        misspelt = env.misspelt()
    except ConfigurationError as caught:
        error = f"{caught.what}: {caught.why}" if caught.why else caught.what
        remedy = caught.next_step or f"ls -l {env.path}"
    # What is rewritten is a new file that is renamed, so folders are what counts.
    written = [directory, state_of(directory).path, *([nginx] if nginx else [])]
    unwritable = tuple(folder for folder in written if _unwritable(folder))
    return FolderFacts(
        directory=directory,
        env_error=error,
        env_remedy=remedy,
        unset=unset,
        misspelt=misspelt,
        open_files=_open_files(directory),
        unwritable=unwritable,
        way_in=way_in(unwritable[0]) if unwritable else "",
        written_by=_written_by(directory),
        unmerged=_unmerged(directory.parent),
        outside_net=_locations(nginx, lambda block: _NET not in block and _STREAMS not in block),
        uncounted=_locations(nginx, lambda block: "limit_conn " in block and _BUSY not in block),
    )


def _locations(nginx: Path | None, lacks: Callable[[str], bool]) -> tuple[str, ...]:
    """Where locations of the user's own begin that pass requests to the app and lack something."""
    found = []
    for path in sorted(p for folder in _OWN if nginx for p in nginx.glob(f"{folder}/*.conf")):
        with suppress(OSError):
            text = re.sub(r"#.*", "", path.read_text("utf-8", "replace"))
            for block in _LOCATION.finditer(text):
                if _PASSES.search(block[0]) and lacks(block[0]):
                    line = text.count("\n", 0, block.start()) + 1
                    found.append(f"nginx/{path.parent.name}/{path.name}:{line}")
    return tuple(found)


def _written_by(directory: Path) -> str | None:
    root = directory.parent
    if directory.name != "compose" or not (root / "nginx").is_dir():
        return None
    if manifest.is_source(root):
        return __version__
    with suppress(ConfigurationError):
        return found.version if (found := manifest.read(root)) else ""
    return ""


def _unmerged(root: Path) -> tuple[Path, ...]:
    with suppress(ConfigurationError, OSError):  # a name may be longer than one of a file
        written = found.hashes if (found := manifest.read(root)) else {}
        return tuple(new for path in written if (new := root / f"{path}.new").is_file())
    return ()


def _unset(example: EnvFile, env: EnvFile, elsewhere: frozenset[str]) -> tuple[str, ...]:
    names = env.names()
    required = example.names() if example.path.exists() else frozenset()
    required -= elsewhere - names
    return tuple(sorted(n for n in required if n not in names or _empty(env.get(n))))


def _empty(value: str) -> bool:
    return not re.sub(r"^(''|\"\")?\s*(#.*)?$", "", value)


def _open_files(directory: Path) -> tuple[tuple[Path, int], ...]:
    modes = [(p, _mode(p)) for name in _SECRETS if (p := directory / name).is_file()]
    others = 0o007 if releases(directory) else 0o077
    return tuple((path, mode) for path, mode in modes if mode & others)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _unwritable(folder: Path) -> bool:
    return folder.exists() and not os.access(folder, os.W_OK | os.X_OK)
