"""Requests per second, errors and latencies of each set, read from nginx's log as it grows."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from fream_compose.errors import FreamError
from fream_compose.nginx.access_log import Request
from fream_compose.nginx.follower import Follow, Follower
from fream_compose.nginx.latency import percentile
from fream_compose.nginx.log_reader import LogReader
from fream_compose.release import SetName

_WINDOW_SECONDS = 10.0  # over which latencies are taken
_LOOKS = 30  # that a sparkline shows
_CATCH_UP_LINES = 1000  # of the log, after nginx was started anew


@dataclass(frozen=True)
class SetTraffic:
    """What a set answers. errors: of 500 and above, since the watch began.

    p50_ms, p99_ms: of the last ten seconds; None without requests. rates, p99s: of the
    last looks, the newest last.
    """

    per_second: float = 0.0
    errors: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    rates: tuple[float, ...] = ()
    p99s: tuple[float, ...] = ()


class Meter:
    """The requests of one set."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._count = self._errors = 0
        self._rates: deque[float] = deque(maxlen=_LOOKS)
        self._p99s: deque[float] = deque(maxlen=_LOOKS)

    def add(self, request: Request) -> None:
        """Take a request, or what another one turned out to be."""
        self._errors += request.failed
        if request.late is not None:
            return
        self._recent.append((request.ended, request.seconds * 1000))
        self._count += 1

    def look(self, now: float, elapsed: float) -> SetTraffic:
        """Sum up. now: Unix seconds. elapsed: seconds since the last look."""
        while self._recent and self._recent[0][0] < now - _WINDOW_SECONDS:
            self._recent.popleft()
        taken = sorted(ms for _, ms in self._recent)
        p50, p99 = (percentile(taken, 50), percentile(taken, 99)) if taken else (None, None)
        rate = round(self._count / elapsed, 1)
        self._count = 0
        self._rates.append(rate)
        self._p99s.append(p99 or 0.0)
        return SetTraffic(rate, self._errors, p50, p99, tuple(self._rates), tuple(self._p99s))


class Traffic:
    """The requests of every set, from a process that prints nginx's log.

    follow: starts it, with so many of the last lines first. It ends with nginx's
    container and is then started anew.
    """

    def __init__(self, follow: Follow, clock: Callable[[], float] = time.time) -> None:
        self._follow = follow
        self._clock = clock
        self._looked = self._newest = clock()
        self._arrived: deque[Request] = deque()
        self._meters: dict[str, Meter] = {name: Meter() for name in SetName}
        self._follower: Follower | None = None
        self._restart()

    def look(self) -> dict[str, SetTraffic]:
        """The traffic since the last look, by set; `no set` once there was such a request."""
        now = self._clock()
        while self._arrived:
            request = self._arrived.popleft()
            self._newest = max(self._newest, request.ended)
            self._meters.setdefault(request.set or "no set", Meter()).add(request)
        elapsed, self._looked = max(now - self._looked, 0.001), now
        if self._follower is None or self._follower.ended:
            self._restart()
        return {name: meter.look(now, elapsed) for name, meter in self._meters.items()}

    def close(self) -> None:
        """End the process."""
        if self._follower:
            self._follower.stop()
            self._follower = None

    def _restart(self) -> None:
        self.close()
        with suppress(OSError, FreamError):
            read = partial(self._read, LogReader(), self._newest)
            self._follower = Follower(self._follow(_CATCH_UP_LINES), read)

    def _read(self, reader: LogReader, after: float, line: str) -> None:
        request = reader.read(line)
        if request and request.ended > after:
            self._arrived.append(request)
