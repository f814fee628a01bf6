"""How many clients of each kind run, and how fast each of them goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MAX_CLIENTS = 256


@dataclass(frozen=True)
class Mix:
    """Clients per kind. The default makes about 400 requests a second, none over HTTP/2."""

    new: int = 4
    keepalive: int = 6
    idle: int = 6
    post: int = 3
    slow: int = 3
    stream: int = 2
    websocket: int = 2
    http2: int = 0

    def __post_init__(self) -> None:
        counts = self.counts()
        if min(counts.values()) < 0:
            raise ValueError("a mix cannot hold fewer than 0 clients of a kind")
        if not 1 <= sum(counts.values()) <= MAX_CLIENTS:
            raise ValueError(f"a mix holds 1 to {MAX_CLIENTS} clients")

    def counts(self) -> dict[str, int]:
        """Clients by kind."""
        return asdict(self)

    @classmethod
    def only(cls, **counts: int) -> Mix:
        """A mix of the kinds named, and none of the others."""
        unknown = set(counts) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"unknown kind of client: {', '.join(sorted(unknown))}")
        return cls(**{**dict.fromkeys(cls.__dataclass_fields__, 0), **counts})

    @classmethod
    def parse(cls, text: str) -> Mix:
        """Read `new=4,keepalive=6`; kinds that are not named get no client."""
        pairs = [part.strip().partition("=") for part in text.split(",")]
        if any(not count.isdecimal() for _, _, count in pairs):
            raise ValueError(f"a mix looks like new=4,keepalive=6, not {text!r}")
        return cls.only(**{kind: int(count) for kind, _, count in pairs})


@dataclass(frozen=True)
class Pace:
    """Mean pause between two requests of one client, in seconds, by kind.

    Pauses vary by half to either side, so that clients do not fall into step.
    `idle` is the longest think time; each pause is drawn from 0 to it.
    """

    new: float = 0.025
    keepalive: float = 0.03
    idle: float = 12.0
    post: float = 0.04
    slow: float = 0.1
    stream: float = 0.1
    websocket: float = 0.5
    http2: float = 0.02
    after_failure: float = 0.1
