"""A connection to a port, and nothing sent on it."""

import errno
import os
import select
import socket
import time
from collections.abc import Callable

from fream_compose.http import Unreachable

_SLICE_SECONDS = 0.05  # in which a signal is heeded
# Docker accepts connections to a published port by itself, and ends them where nobody listens
# in the container.
_LINGER_SECONDS = 0.1


def connect(
    host: str,
    port: int,
    timeout: float,
    check: Callable[[], None] = lambda: None,
    lingers: bool = True,
) -> None:
    """Connect to a port. Raises Unreachable.

    timeout: seconds until the connection is there. check: called many times a second
    meanwhile; what it raises is raised. lingers: whether it must stay open for a moment.
    """
    if port == 0:
        raise Unreachable("it listens on no port of this server")
    deadline = time.monotonic() + timeout
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as asked:
        asked.setblocking(False)
        code = asked.connect_ex((host, port))
        while code == errno.EINPROGRESS:
            check()
            if time.monotonic() >= deadline:
                raise Unreachable(f"no connection within {timeout:g} s")
            if select.select([], [asked], [], _SLICE_SECONDS)[1]:
                code = asked.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise Unreachable(os.strerror(code).lower())
        if lingers and _ended(asked):
            raise Unreachable("the connection was closed at once")


def _ended(connected: socket.socket) -> bool:
    """Whether the other side ends a connection without a word."""
    if not select.select([connected], [], [], _LINGER_SECONDS)[0]:
        return False
    try:
        return not connected.recv(1)
    except OSError:
        return True
