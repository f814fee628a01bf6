"""The requests of a switch over time: how many, how many failed, and how long they took."""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

from fream_compose.nginx.access_log import SETS, Kind
from fream_compose.nginx.latency import Latency, latency_of

_MOST = 240  # parts, so that hours are no longer to read than seconds
_PARTS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)  # seconds that a part may last
_LEAD_SECONDS = 5.0, 30.0  # shown of the time before the switch: at least, at most
_FAILED = frozenset(int(kind) for kind in Kind if kind.failed)
_LEFT = frozenset(int(kind) for kind in Kind if kind.left)

Row = tuple[float, float, int, int]  # ended in Unix seconds, seconds, kind, place among SETS


@dataclass(frozen=True)
class Course:
    """The requests of one set, part by part, by when they were answered.

    failed: those of 500 and above, and those broken off. p50_ms, p99_ms: None without requests.
    """

    requests: tuple[int, ...]
    failed: tuple[int, ...]
    p50_ms: tuple[float | None, ...]
    p99_ms: tuple[float | None, ...]


@dataclass(frozen=True)
class Series:
    """The requests of a switch, and shortly before it.

    began: from when on the seconds count, in Unix seconds. edges: where the parts begin and the
    last one ends, in seconds; one is the cut-over's. cut_over: None where it did not come to it.
    by_set: by the set's name, or `no set`.
    """

    began: float
    edges: tuple[float, ...]
    cut_over: float | None
    by_set: dict[str, Course]

    @property
    def part_seconds(self) -> float:
        """How long a part is; the first and the last may be longer or shorter."""
        parts = Counter(round(end - begin, 3) for begin, end in pairwise(self.edges))
        return parts.most_common(1)[0][0]

    def since(self, began: float) -> "Series":
        """The same, with seconds that count from another moment on."""
        later = self.began - began
        edges = tuple(round(edge + later, 3) for edge in self.edges)
        cut_over = None if self.cut_over is None else round(self.cut_over + later, 3)
        return Series(began, edges, cut_over, self.by_set)


def series_of(
    rows: Iterable[Row], began: float, known: float, ended: float, cut_over: float | None
) -> Series:
    """Sort requests into parts. All in Unix seconds.

    began, ended: the switch. known: from when on there is a log.
    """
    moved = None if cut_over is None else round(cut_over - began, 3)
    edges = _edges(known - began, ended - began, moved)
    courses: dict[int, list[_Part]] = {}
    for moment, seconds, kind, place in rows:
        number = bisect_right(edges, moment - began) - 1
        if kind in _LEFT or number < 0:
            continue
        if place not in courses:
            courses[place] = [_Part() for _ in edges[1:]]
        # What was answered while the log was read to its end belongs to the last part.
        courses[place][min(number, len(edges) - 2)].add(seconds, kind)
    by_set = {str(SETS[place]) or "no set": _course(courses[place]) for place in sorted(courses)}
    return Series(began, edges, moved, by_set)


def _edges(known: float, ended: float, cut_over: float | None) -> tuple[float, ...]:
    """Where the parts begin and the last one ends, in seconds from the begin of the switch."""
    least, most = _LEAD_SECONDS
    first = max(min(known, 0.0), -min(most, max(least, ended / 3)))
    part = next((p for p in _PARTS if ended - first <= p * _MOST), ceil((ended - first) / _MOST))
    # An edge is at the cut-over, so that no part has requests of before and after it.
    anchor = cut_over or 0.0
    before, after = (anchor - first) / part - 0.5, (ended - anchor) / part - 0.5
    numbers = {0, *range(ceil(-before), floor(after) + 1)}  # the rest is the ends', longer or not
    edges = {round(anchor + number * part, 3) for number in numbers} | {round(first, 3)}
    return (*sorted(edges), round(max(ended, max(edges) + part / 2), 3))


class _Part:
    """The requests of one set in one part."""

    def __init__(self) -> None:
        self.requests = self.failed = 0
        self.taken = array("f")

    def add(self, seconds: float, kind: int) -> None:
        self.requests += 1
        self.failed += kind in _FAILED
        if kind != Kind.UPGRADED:
            self.taken.append(seconds * 1000)

    @property
    def latency(self) -> Latency | None:
        return latency_of(self.taken)


def _course(parts: list[_Part]) -> Course:
    latencies = [part.latency for part in parts]
    return Course(
        tuple(part.requests for part in parts),
        tuple(part.failed for part in parts),
        tuple(latency.p50_ms if latency else None for latency in latencies),
        tuple(latency.p99_ms if latency else None for latency in latencies),
    )
