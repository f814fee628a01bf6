"""What a project's files tell without Docker."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from fream_compose.envfile import EnvFile
from fream_compose.errors import ConfigurationError

_SECRETS = (".env", "app.env")


@dataclass(frozen=True)
class FolderFacts:
    """The files of a project.

    directory: of compose.yaml. env_error: why `.env` cannot be read, and env_remedy.
    unset: variables that `.env.example` sets and `.env` does not. open_files: files with
    secrets that others may read, with their modes. unwritable: folders that this user may
    not write to.
    """

    directory: Path
    env_error: str = ""
    env_remedy: str = ""
    unset: tuple[str, ...] = ()
    open_files: tuple[tuple[Path, int], ...] = ()
    unwritable: tuple[Path, ...] = ()


def folder_facts(directory: Path, nginx: Path | None = None) -> FolderFacts:
    """Look at the files beside compose.yaml. nginx: the folder of nginx's configuration."""
    env, error, remedy = EnvFile(directory / ".env"), "", ""
    unset: tuple[str, ...] = ()
    try:
        unset = _unset(EnvFile(directory / ".env.example"), env)
    except ConfigurationError as caught:
        error = f"{caught.what}: {caught.why}" if caught.why else caught.what
        remedy = caught.next_step or f"ls -l {env.path}"
    # What is rewritten is a new file that is renamed, so folders are what counts.
    written = [directory, directory / ".fream", *([nginx] if nginx else [])]
    return FolderFacts(
        directory=directory,
        env_error=error,
        env_remedy=remedy,
        unset=unset,
        open_files=_open_files(directory),
        unwritable=tuple(folder for folder in written if _unwritable(folder)),
    )


def _unset(example: EnvFile, env: EnvFile) -> tuple[str, ...]:
    names = env.names()
    required = example.names() if example.path.exists() else frozenset()
    return tuple(sorted(n for n in required if n not in names or _empty(env.get(n))))


def _empty(value: str) -> bool:
    return not re.sub(r"^(''|\"\")?\s*(#.*)?$", "", value)


def _open_files(directory: Path) -> tuple[tuple[Path, int], ...]:
    modes = [(p, _mode(p)) for name in _SECRETS if (p := directory / name).is_file()]
    return tuple((path, mode) for path, mode in modes if mode & 0o077)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _unwritable(folder: Path) -> bool:
    return folder.exists() and not os.access(folder, os.W_OK | os.X_OK)
