"""What a command prints, however much it is, until the command itself has ended."""

import os
import select
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, cast

from fream_compose.secrecy import hidden, hidden_ends

LIMIT = 8000  # bytes that are kept of the beginning, and as many of the end
_POLL_SECONDS = 0.05
_CHUNK = 65536
_PIPE = 16 * _CHUNK  # bytes that a pipe can hold at most


@dataclass
class Output:
    """The beginning and the end of what was printed."""

    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _lost: int = 0

    def add(self, more: bytes) -> None:
        """Take what was printed next."""
        room = LIMIT - len(self._head)
        self._head += more[:room]
        self._tail += more[room:]
        excess = max(0, len(self._tail) - LIMIT)
        self._lost += excess
        del self._tail[:excess]

    @property
    def cut(self) -> bool:
        """Whether more was printed than is kept."""
        return self._lost > 0

    def whole(self) -> bytes:
        """All that is kept."""
        return bytes(self._head + self._tail)

    def text(self, limit: int = LIMIT) -> str:
        """As text, bytes that are none replaced. limit: bytes of the beginning, and of the end."""
        kept = self.whole()
        lost = self._lost + max(0, len(kept) - 2 * limit)
        if not lost:
            return hidden(kept.decode(errors="replace"))
        cut = (kept[:limit], kept[-limit:])
        head, tail = hidden_ends(*(part.decode(errors="replace") for part in cut))
        return f"{head}\n… {lost:,} bytes are left out …\n{tail}"


class Collector(Protocol):
    """What takes what is printed."""

    def add(self, more: bytes) -> None: ...


def follow(
    process: subprocess.Popen[Any], output: Collector, seconds: float, check: Callable[[], None]
) -> int | None:
    """Collect what a process prints until it has ended.

    Returns its exit code, negative for a signal; None when it did not end in time. What it
    left running in the background may hold its pipe for ever, and is not waited for. The
    process is not reaped, so that its number stays its own. check: called many times a
    second; what it raises is raised.
    """
    pipe = cast("IO[bytes]", process.stdout).fileno()  # it was started with one
    deadline = time.monotonic() + seconds
    os.set_blocking(pipe, False)
    is_open = True
    try:
        while (code := _exit_code(process.pid)) is None:
            if time.monotonic() > deadline:
                return None
            check()
            if not is_open:
                time.sleep(_POLL_SECONDS / 5)
            elif select.select([pipe], [], [], _POLL_SECONDS)[0]:
                is_open = _read(pipe, output)
        return code
    finally:
        _drain(pipe, output)


def _drain(pipe: int, output: Collector) -> None:
    """Collect what is in the pipe now, which a process that goes on could fill for ever."""
    for _ in range(_PIPE // _CHUNK):
        if not _read(pipe, output):
            return


def _read(pipe: int, output: Collector) -> bool:
    """Take what can be had; returns whether there may be more."""
    try:
        more = os.read(pipe, _CHUNK)
    except BlockingIOError:
        return False
    output.add(more)
    return bool(more)


def _exit_code(pid: int) -> int | None:
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return 0  # whoever started us ignores SIGCHLD: the kernel did not keep the code
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
