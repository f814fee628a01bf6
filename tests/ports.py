"""Ports for tests, from a range of which the kernel gives none to clients.

A port that it picks (port 0) may be given to an outgoing connection before the test's server
takes it. Each process holds a block of its own, so that two runs never meet.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from functools import cache
from itertools import cycle
from pathlib import Path

FIRST, LAST = 10_000, 23_999  # above it are the stories'
CLIENTS = 32_768  # Linux's first port for outgoing connections
BLOCK = 1000  # ports of one process, so that none comes round while its last connections linger
_LOCKS = Path(tempfile.gettempdir()) / "fream-test-ports"


def free_port() -> int:
    """A loopback port on which nobody listens, and that no other run will take."""
    ports = _mine()
    return next(port for port in (next(ports) for _ in range(BLOCK)) if _is_free(port))


@cache
def _mine() -> cycle[int]:
    """The block of this process, which is locked until it ends."""
    _LOCKS.mkdir(mode=0o777, exist_ok=True)
    for begin in range(FIRST, LAST + 1 - BLOCK, BLOCK):
        descriptor = os.open(_LOCKS / str(begin), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return cycle(range(begin, begin + BLOCK))
    raise RuntimeError("Every block of ports is taken by another run")


def free_range(width: int, begin: int) -> int:
    """The first port of `width` in a row, from `begin` on, on none of which anybody listens.

    What an earlier run left behind when it was killed may still hold the usual ones. Where
    there is no such row it is `begin`: what needs no port of them need not fail.
    """
    for first in range(begin, CLIENTS - width, 100):
        if all(_is_free(port) for port in range(first, first + width)):
            return first
    return begin


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of an earlier test that linger are no listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
