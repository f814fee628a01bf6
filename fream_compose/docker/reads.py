"""What is only read of Docker: by its own command line, without python-on-whales.

That one takes a quarter of a second to import, more than most of these reads, and asks for
one thing a call where Docker tells all at once. Nor can it read while our own imports go
on, hand on a log as it grows, or let Docker take the place of this process. What changes
anything goes through `changes`.
"""

import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NoReturn, TypeVar

from fream_compose import foreign
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project.compose_warnings import without_warnings

_LOG = logging.getLogger(__name__)
QUICK = 30  # seconds for a question; Docker answers in milliseconds
UNREADABLE = "Compose cannot read the project"
_MAIN, _OVERRIDES = "compose.yaml", ("compose.override.yaml", "compose.override.yml")
_SWITCHED = "tls${TLS_HOSTS:+-on}.yaml"  # an included file's name, which TLS_HOSTS decides
T = TypeVar("T")


def compose(*arguments: str) -> list[str]:
    """The arguments of `docker` for Compose, with every profile.

    No file is named: run in the folder of the project, Compose itself finds what it would
    read for a person there, overrides and the COMPOSE_FILE of `.env` included.
    """
    return ["compose", "--profile", "*", *arguments]


def read(arguments: list[str], what: str, directory: Path | None = None) -> str:
    """What a command prints. what: did not work when it fails. directory: where it runs.

    Raises EngineError, ConfigurationError without Docker.
    """
    return finish(begin(arguments, directory), what)


def read_json(arguments: list[str], what: str, shape: Callable[[Any], T]) -> T:
    """What `shape` makes of the JSON that a command prints. Raises as read() and parsed() do."""
    return parsed(read(arguments, what), what, shape)


def template(directory: Path) -> dict[str, Any]:
    """A project's Compose files as one, their variables not filled in. Raises EngineError."""
    with _files_by_name(directory) as files:
        asked = compose(*files, "config", "--no-interpolate", "--format", "json")
        return parsed(read(asked, UNREADABLE, directory), UNREADABLE, dict)


@contextmanager
def _files_by_name(directory: Path) -> Iterator[list[str]]:
    """What names the files for Compose, which then fills in no name of an included one either."""
    try:
        text = (directory / _MAIN).read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = ""
    if _SWITCHED not in text:
        yield []
        return
    with NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text.replace(_SWITCHED, "tls-on.yaml"))
        file.flush()
        own = [name for name in _OVERRIDES if (directory / name).is_file()][:1]
        named = (part for name in (file.name, *own) for part in ("--file", name))
        yield ["--project-directory", str(directory), *named]


def fingerprints(directory: Path, services: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Services, each with the fingerprint of its settings of now. Raises EngineError."""
    asked = compose("config", "--hash", ",".join(services))
    lines = read(asked, UNREADABLE, directory).splitlines()
    return frozenset(tuple(line.split()) for line in lines)


def parsed(text: str, what: str, shape: Callable[[Any], T]) -> T:
    """What `shape` makes of JSON that Docker printed. Raises EngineError for what is no such."""
    return taken(text, what, lambda text: foreign.of_json(text, shape))


def taken(text: str, what: str, shape: Callable[[str], T]) -> T:
    """What `shape` makes of what Docker printed. Raises EngineError where it cannot."""
    try:
        return foreign.taken(text, shape)
    except ValueError as error:
        raise EngineError(
            what,
            f"Docker answers with what fream cannot read: {text[:80]!r}\n{error}",
            next_step="docker version; is the docker that is found first on PATH Docker's own?",
        ) from error


def begin(arguments: list[str], directory: Path | None = None) -> subprocess.Popen[str]:
    """Start a command, for finish() to wait for. Raises ConfigurationError without Docker."""
    _LOG.debug("docker %s", shlex.join(arguments))
    try:
        return _start(arguments, subprocess.PIPE, directory)
    except FileNotFoundError as error:
        raise ConfigurationError(
            "Docker is not installed",
            "There is no docker on PATH",
            next_step="script/bootstrap installs it",
        ) from error


def finish(process: subprocess.Popen[str], what: str, limit: int = QUICK) -> str:
    """Wait for a command that was begun. limit: seconds. Raises EngineError."""
    return finish_both(process, what, limit)[0]


def finish_both(process: subprocess.Popen[str], what: str, limit: int = QUICK) -> tuple[str, str]:
    """The same; returns what was printed, and what was warned of."""
    try:
        out, err = process.communicate(timeout=limit)
    except BaseException as error:
        # The whole group: a plugin of Docker's holds the pipes, too.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise too_slow(what, limit) from error
        raise
    if process.returncode:
        raise EngineError(what, last_lines(without_warnings(err or "") or err or out))
    return out, err or ""


def follow(arguments: list[str]) -> subprocess.Popen[str]:
    """Start a command whose lines are read as they come, errors among them."""
    return _start(arguments, subprocess.STDOUT)


def become_log(container: str, lines: int | None, since: str, follow: bool) -> NoReturn:
    """Let Docker print a container's log in the place of this process.

    lines: how many of the last; None for all. since: a duration such as 10m, a moment,
    or empty.
    """
    options = [*(["--follow"] if follow else []), *([f"--since={since}"] if since else [])]
    tail = "all" if lines is None else str(lines)
    _become(["container", "logs", *options, f"--tail={tail}", container])


def become_command(container: str, command: list[str], interactive: bool) -> NoReturn:
    """Let Docker run a command in a container in the place of this process."""
    options = ["--interactive", "--tty"] if interactive else []
    _become(["container", "exec", *options, container, *command])


def _become(arguments: list[str]) -> NoReturn:
    """Signals and exit code are Docker's own."""
    os.execvp("docker", ["docker", *arguments])  # noqa: S606  # a list, no shell


def too_slow(what: str, limit: int) -> EngineError:
    """The error of a command that did not end in time. limit: seconds."""
    return EngineError(what, f"Docker did not answer within {limit} s", next_step="docker info")


def last_lines(text: str, count: int = 5) -> str:
    """The end of what a command printed, where Docker says why."""
    return "\n".join(text.strip().splitlines()[-count:])


def _start(
    arguments: list[str], errors: int, directory: Path | None = None
) -> subprocess.Popen[str]:
    # In a session of its own, so that a Ctrl-C at the terminal reaches fream alone.
    return subprocess.Popen(
        ["docker", *arguments],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        errors="replace",
        start_new_session=True,
    )
