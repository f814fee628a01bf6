"""All that drives Compose, and changes containers and images: python-on-whales, by one rule.

It sets no limit and cannot be interrupted, so each call runs in a thread, and its command
under coreutils' `timeout`. That also puts the command into a process group of its own: a
Ctrl-C at the terminal reaches fream alone, and Docker finishes what it began. What is
raised here while we wait, by a check or by a second signal, ends the whole group.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from fream_compose.docker.reads import QUICK, last_lines, too_slow
from fream_compose.errors import EngineError

if TYPE_CHECKING:
    from python_on_whales import DockerClient as DockerClient

T = TypeVar("T")
START = 180  # seconds to create and start containers
PULL = 1800  # seconds for an image; a slow line and a large image
_CHECK_SECONDS = 0.25
_TIMED_OUT = (124, 137)  # exit codes of `timeout`
# python-on-whales has no option for the folder, and would let a command read the terminal.
_IN_FOLDER = 'cd "$0" && exec "$@" < /dev/null'
NOTHING: Mapping[str, str] = MappingProxyType({})


def change(
    call: "Callable[[DockerClient], T]",
    what: str,
    limit: int = QUICK,
    check: Callable[[], None] = lambda: None,
    directory: Path | None = None,
    environment: Mapping[str, str] = NOTHING,
) -> T:
    """Do something by python-on-whales, and return its result.

    what: did not work when it fails. limit: seconds for each of its commands. check: called
    a few times a second; what it raises ends the command. directory: of the Compose project.
    environment: variables that Compose then prefers to those of `.env`. Raises EngineError.
    """
    client, result = _client(limit, directory), Future[T]()
    worker = Thread(target=_work, args=(call, client, result), daemon=True)
    # Not on a command line, which everybody on the server can read.
    with exported(environment):
        worker.start()
        try:
            while _pending(result, _CHECK_SECONDS):
                check()
        except BaseException:
            _end(worker, result)
            raise
    return _outcome(result, what, limit)


@contextmanager
def exported(environment: Mapping[str, str]) -> Iterator[None]:
    """Have commands that are started in this block find these variables."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def preload() -> None:
    """Import python-on-whales, which takes a while, at a moment when there is time for it."""
    import python_on_whales  # noqa: F401


def _client(limit: int, directory: Path | None) -> "DockerClient":
    # It takes a quarter of a second to import; `fream --help` must not wait for it.
    from python_on_whales import DockerClient

    inside = ["sh", "-c", _IN_FOLDER, str(directory or "/")]
    return DockerClient(
        client_call=[*inside, "timeout", "--kill-after=10", str(limit), "docker"],
        compose_profiles=["*"] if directory else [],
    )


def _work(call: "Callable[[DockerClient], T]", client: "DockerClient", result: Future[T]) -> None:
    try:
        result.set_result(call(client))
    except BaseException as error:  # the caller raises it, in its own thread
        result.set_exception(error)


def _pending(result: Future[T], seconds: float) -> bool:
    """Whether a result is still to come after some seconds."""
    # Not by Thread.join(): a signal that interrupts it has Python take the thread for ended.
    return not wait([result], seconds).done


def _end(worker: Thread, result: Future[T]) -> None:
    """End the command that a thread waits for; it may not have got its own group yet."""
    children = Path(f"/proc/self/task/{worker.native_id}/children")
    while _pending(result, 0.02):
        with suppress(OSError):  # they have ended
            for child in children.read_text().split():
                os.killpg(int(child), signal.SIGKILL)


def _outcome(result: Future[T], what: str, limit: int) -> T:
    from python_on_whales.exceptions import DockerException

    try:
        return result.result()
    except DockerException as error:
        if error.return_code in _TIMED_OUT:
            raise too_slow(what, limit) from error
        raise EngineError(what, last_lines(error.stderr or error.stdout or "")) from error
    except UnicodeDecodeError as error:  # python-on-whales expects nothing but UTF-8
        raise EngineError(what, last_lines(error.object.decode(errors="replace"))) from error
