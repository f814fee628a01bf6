"""How long requests took."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Latency:
    """How long requests took, in milliseconds, in one part of a switch."""

    requests: int
    p50_ms: float
    p99_ms: float


def percentile(ordered: list[float], percent: int) -> float:
    """The nearest-rank percentile of a list in order."""
    return round(ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)], 1)


def latency_of(taken: Iterable[float]) -> Latency | None:
    """Of some requests, in milliseconds; None without one."""
    ordered = sorted(taken)
    if not ordered:
        return None
    return Latency(len(ordered), percentile(ordered, 50), percentile(ordered, 99))
