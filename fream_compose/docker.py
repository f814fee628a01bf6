"""Docker's command line; the only importer of python-on-whales, and the only one to run docker.

Calls run under coreutils' `timeout`, because python-on-whales sets no limit. It also
puts the command into a process group of its own, so that a Ctrl-C at the terminal
reaches fream alone and Docker finishes what it began.
"""

import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fream_compose.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from python_on_whales import DockerClient

_LOG = logging.getLogger(__name__)
QUICK = 30  # seconds for a question; Docker answers in milliseconds
START = 180  # seconds to create and start containers
PULL = 1800  # seconds for an image; a slow line and a large image
_TIMED_OUT = (124, 137)  # exit codes of `timeout`


def compose(*arguments: str) -> list[str]:
    """The arguments of `docker` for Compose, with every profile.

    No file is named: run in the folder of the project, Compose itself finds what it would
    read for a person there, overrides and the COMPOSE_FILE of `.env` included.
    """
    return ["compose", "--profile", "*", *arguments]


def client(limit: int, directory: Path | None = None) -> "DockerClient":
    """A client whose calls end after `limit` seconds; with the Compose project of a folder."""
    # It takes a quarter of a second to import; `fream --help` must not wait for it.
    from python_on_whales import DockerClient

    return DockerClient(
        client_call=[*_inside(directory), "timeout", "--kill-after=10", str(limit), "docker"],
        compose_profiles=["*"] if directory else [],
    )


def _inside(directory: Path | None) -> list[str]:
    """What has the rest of a command line run in a folder, which python-on-whales cannot."""
    return ["sh", "-c", 'cd "$0" && exec "$@"', str(directory)] if directory else []


@contextmanager
def translated(what: str, limit: int) -> Iterator[None]:
    """Turn failures of Docker's command line into EngineError."""
    from python_on_whales.exceptions import DockerException

    try:
        yield
    except DockerException as error:
        if error.return_code in _TIMED_OUT:
            raise EngineError(
                what, f"Docker did not answer within {limit} s", next_step="docker info"
            ) from error
        raise EngineError(what, _last_lines(error.stderr or error.stdout or "")) from error


def _last_lines(text: str, count: int = 5) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def preload() -> None:
    """Import python-on-whales, which takes a while, at a moment when there is time for it."""
    import python_on_whales  # noqa: F401


def become(arguments: list[str]) -> NoReturn:
    """Let docker take the place of this process: signals and exit code are its own."""
    os.execvp("docker", ["docker", *arguments])  # noqa: S606  # a list, no shell


def run(
    arguments: list[str],
    what: str,
    limit: int = QUICK,
    check: Callable[[], None] = lambda: None,
    directory: Path | None = None,
) -> str:
    """Run what python-on-whales does not offer, or not without many calls.

    limit: seconds. check: called a few times a second; what it raises ends the command.
    directory: where; a Compose project's for compose(). Returns what was printed. Raises
    EngineError, ConfigurationError without Docker.
    """
    return output(begin(arguments, directory), what, limit, check)


def begin(arguments: list[str], directory: Path | None = None) -> subprocess.Popen[str]:
    """Start a command, for output() to wait for. Raises ConfigurationError without Docker."""
    _LOG.debug("docker %s", shlex.join(arguments))
    try:
        return subprocess.Popen(
            ["docker", *arguments],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ConfigurationError(
            "Docker is not installed", str(error), next_step="script/bootstrap installs it"
        ) from error


def output(
    process: subprocess.Popen[str],
    what: str,
    limit: int = QUICK,
    check: Callable[[], None] = lambda: None,
) -> str:
    """Wait for a command that was begun, as run() does. Raises EngineError."""
    try:
        out, err = _finish(process, what, limit, check)
    except BaseException:
        # The whole group: a plugin of Docker's holds the pipes, too.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode:
        raise EngineError(what, _last_lines(err or out))
    return out


def _finish(
    process: subprocess.Popen[str], what: str, limit: int, check: Callable[[], None]
) -> tuple[str, str]:
    for _ in range(limit * 4):
        try:
            return process.communicate(timeout=0.25)
        except subprocess.TimeoutExpired:
            check()
    raise EngineError(what, f"Docker did not answer within {limit} s", next_step="docker info")
