"""Secrets from where a team keeps them: what a command of theirs prints as NAME=VALUE lines.

It runs once, when something is about to be created, and what it printed is kept in memory
alone: Compose gets the values in its environment.
"""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from fream_compose import secrecy, times
from fream_compose.errors import ConfigurationError
from fream_compose.process import LIMIT, Output, follow
from fream_compose.project.x_fream import SwitchSettings

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What would make of Docker or Compose something else, and what fream itself sets.
_NOT_FOR_IT = re.compile(r"(COMPOSE|DOCKER|LD)_.*|SET[12]_VERSION|PATH|HOME|ENV|BASH_ENV")
_TOLD = 2_000  # bytes of what it complained that are shown


class SecretValues:
    """The secrets of one project. folder: where the command runs."""

    def __init__(self, switch: SwitchSettings, folder: Path) -> None:
        self._settings = switch.secrets
        self._required = [name for name, value in switch.required.items() if not value]
        self._folder = folder
        self._values: Mapping[str, str] | None = None

    def values(self, check: Callable[[], None] = lambda: None) -> Mapping[str, str]:
        """Name to value; nothing where no command is set.

        check: called many times a second while the command runs; what it raises ends it.
        Raises ConfigurationError when it fails, hangs, prints something else, or leaves out
        what the project requires.
        """
        if self._values is None:
            self._values = self._read(check) if self._settings.run else {}
        return self._values

    def _read(self, check: Callable[[], None]) -> Mapping[str, str]:
        try:
            found = parse(self._printed(check))
        except ValueError as error:
            raise self._refused("what it printed is not NAME=VALUE lines", str(error)) from error
        if missing := [name for name in self._required if not found.get(name)]:
            raise self._refused("it lacks what the project requires", ", ".join(missing))
        secrecy.add(found.values())
        return found

    def _printed(self, check: Callable[[], None]) -> bytes:
        seconds, output = self._settings.timeout.total_seconds(), Output()
        with tempfile.TemporaryFile() as complaints:
            process = self._started(complaints)
            try:
                code = follow(process, output, seconds, check)
            finally:
                _end(process)
            if code or code is None:
                _learn(output.whole())  # it may have complained of what it was about to print
            if code is None:
                raise self._refused(
                    f"it took longer than {times.limit(seconds)}", _end_of(complaints)
                )
            if code:
                raise self._refused(f"it failed with exit code {code}", _end_of(complaints))
        if output.cut:
            raise self._refused("it printed too much", f"more than {2 * LIMIT:,} bytes")
        return output.whole()

    def _started(self, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._settings.run,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else ""
            raise self._refused("it cannot be run", why or "its words hold a zero byte") from error

    def _refused(self, what: str, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"No secrets from x-fream.secrets ({self._settings.run[0]}): {what}",
            why,
            next_step=f"Type the command by hand in {self._folder}; what runs is as it was",
        )


def parse(printed: bytes) -> dict[str, str]:
    """NAME=VALUE lines as a mapping; empty lines and those that begin with # are left out.

    `export ` before a name and quotes around a whole value are taken off; nothing else in a
    value means anything. Raises ValueError that names the line, and never what is in it.
    """
    found = {}
    for number, raw in enumerate(printed.split(b"\n"), 1):
        line = raw.removesuffix(b"\r").decode(errors="surrogateescape")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.strip().removeprefix("export ").strip()
        if not equals or not _NAME.fullmatch(name) or "\0" in value:
            raise ValueError(f"line {number}")
        if _NOT_FOR_IT.fullmatch(name):
            raise ValueError(f"line {number}: {name} is not for a secret")
        found[name] = _unquoted(value)
    if not found:
        raise ValueError("there is none")
    return found


def _learn(printed: bytes) -> None:
    lines = (line.decode(errors="replace").partition("=") for line in printed.split(b"\n"))
    secrecy.add(_unquoted(value.strip()) for _, equals, value in lines if equals)


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _end(process: subprocess.Popen[bytes]) -> None:
    """End all that the command started, and forget it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout:
        process.stdout.close()
    process.wait()


def _end_of(complaints: IO[bytes]) -> str:
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _TOLD))
    return complaints.read().decode(errors="replace").strip() or "it did not say why"
