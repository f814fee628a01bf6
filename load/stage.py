"""What all clients of one load share: the target, the limits, the end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from dataclasses import dataclass, field

from load.mix import Pace
from load.record import Recorder
from load.tls import HTTP1, Https
from load.wire import Wire, dial

MAX_DISTANCE = 1.0


@dataclass(frozen=True)
class Target:
    """Where the app is; only this machine.

    `distance` plays a network: the seconds that a request on an open connection is under
    way. What a client knows of the connection is that old when its request arrives, so a
    close within that time costs it the request. At 0 only microseconds are left to lose.
    `https`: the name under which it is asked over TLS; None is plain HTTP.
    """

    port: int
    host: str = "127.0.0.1"
    paths: tuple[str, ...] = ("/products", "/version")
    distance: float = 0.0
    https: Https | None = None

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise ValueError(f"load goes to this machine only, not to {self.host}")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"not a port: {self.port}")
        if not self.paths:
            raise ValueError("at least one path to ask for")
        if not 0 <= self.distance <= MAX_DISTANCE:
            raise ValueError(f"distance is 0 to {MAX_DISTANCE:g} seconds")

    @property
    def authority(self) -> str:
        """For the Host header."""
        if self.https:
            return self.https.name
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def connect(self, protocol: str) -> Wire:
        """A new connection; over TLS the server must speak the protocol. Raises Failed."""
        sock = await dial(self.host, self.port)
        return await self.https.shake_hands(sock, protocol) if self.https else Wire(sock)


@dataclass(frozen=True)
class Limits:
    """Times in seconds. After `max_seconds` or `max_requests` no request starts;
    one that is under way still gets its `request_seconds`."""

    max_seconds: float = 600.0
    max_requests: int = 1_000_000
    request_seconds: float = 15.0

    def __post_init__(self) -> None:
        if not (0 < self.max_seconds <= 24 * 3600 and 0 < self.request_seconds <= 600):
            raise ValueError("max_seconds is over 0, up to a day; request_seconds up to 600")
        if not 0 < self.max_requests <= 10_000_000:
            raise ValueError("max_requests is 1 to 10 million")


@dataclass(frozen=True)
class Stage:
    """Handed to every client."""

    target: Target
    limits: Limits
    pace: Pace
    recorder: Recorder
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, protocol: str = HTTP1) -> Wire:
        """A new connection, whose certificate is noted. Raises Failed."""
        wire = await self.target.connect(protocol)
        if wire.certificate:
            self.recorder.shown(wire.certificate)
        return wire

    def over(self) -> bool:
        """Whether no other request may start."""
        return self.stopping.is_set() or self.recorder.begun >= self.limits.max_requests

    async def pause(self, seconds: float) -> None:
        """Wait, or less when the load ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
