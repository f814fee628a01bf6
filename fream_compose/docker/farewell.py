"""How containers are told to stop, at once and for good, or left to finish their work; and what
they have printed by then."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

from fream_compose.docker.changes import change
from fream_compose.docker.facts import Condition
from fream_compose.docker.reads import QUICK, follow, read
from fream_compose.errors import EngineError
from fream_compose.process import follow as collect

_POLL_SECONDS = 0.1
KILLED = 137  # the exit code of what withstood until the end of its grace
# The engine sees a stop through, even when who asked for it is gone: only the removal is then
# left to the next command. What had to be killed stays, for that command to tell of it. Nor may
# an engine that starts meanwhile start it again, beside who works in its place.
_LET_GO = (
    '(docker update --restart=no "$2"; docker stop -t "$1" "$2" && '
    f'[ "$(docker inspect -f "{{{{.State.ExitCode}}}}" "$2")" != {KILLED} ] && '
    'docker rm --volumes "$2") < /dev/null > /dev/null 2>&1 &'
)

_SHORTEST_LINE = 32  # bytes: Docker's moment of it, a space, and the end of the line


class _End:
    """The last bytes of what is added."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._parts: deque[bytes] = deque()

    def add(self, more: bytes) -> None:
        """Take what was printed next, and let go of what is too long ago."""
        self._parts.append(more)
        self._size += len(more)
        while self._size - len(self._parts[0]) >= self._limit:
            self._size -= len(self._parts.popleft())

    def lines(self) -> bytes:
        """Whole lines, at most as many bytes as the limit."""
        kept = b"".join(self._parts)
        if len(kept) <= self._limit:
            return kept
        kept = kept[-self._limit :]
        return kept[kept.find(b"\n") + 1 :]


def end_of_log(container: str, limit: int, seconds: float) -> bytes:
    """What a container printed last, each line behind the moment at which it did.

    limit: bytes, of which no more than that are ever in memory. seconds: how long to read at most;
    what was read by then is returned. Raises EngineError where Docker has no such log.
    """
    lines = limit // _SHORTEST_LINE
    process = follow(["container", "logs", "--timestamps", "--tail", str(lines), container])
    end = _End(limit)
    try:
        code = collect(process, end, seconds, lambda: None)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        cast("IO[str]", process.stdout).close()
    if code:
        why = end.lines().decode(errors="replace").strip()[-200:]
        raise EngineError(f"The log of {container} could not be read", why)
    late = b"" if code == 0 else b"(the rest could not be read in time)\n"
    return end.lines() + late


def let_go(container: str, grace: float) -> None:
    """Tell a container to stop, and return: it finishes its work, and is then removed.

    grace: the seconds after which the engine kills it. No process of ours waits for it, so
    that a terminal or a CI job may end meanwhile.
    """
    command = ["sh", "-c", _LET_GO, "sh", str(int(grace)), container]
    subprocess.run(command, cwd="/", start_new_session=True, check=True)


def end(containers: Sequence[Condition]) -> None:
    """Stop containers, each with its own grace, and remove them. Raises EngineError."""
    ids = [container.id for container in containers]
    if ids:
        seconds = int(QUICK + sum(container.grace for container in containers))
        change(lambda docker: docker.container.stop(ids), "They could not be stopped", seconds)
        dispose(ids)


def dispose(containers: Sequence[str]) -> None:
    """Remove containers and their anonymous volumes, by force; fine when they are gone.

    Raises EngineError.
    """
    if containers:
        remove_found([f"id={each}" for each in containers], "Containers could not be removed")


def remove_found(filters: Sequence[str], what: str) -> None:
    """Remove the containers that these filters find; fine when there are none.

    what: did not work when it fails. Raises EngineError.
    """
    options = [option for each in filters for option in ("--filter", each)]
    deadline = time.monotonic() + QUICK
    while found := read(["container", "ls", "--all", "--quiet", *options], what).split():
        try:
            _remove(found, what)
        except EngineError:
            # Docker may be about to remove one that has ended.
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def _remove(containers: list[str], what: str) -> None:
    change(lambda docker: docker.container.remove(containers, force=True, volumes=True), what)
