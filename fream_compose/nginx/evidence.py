"""The proof of a switch: what nginx's own access log says of every request meanwhile."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from fream_compose.nginx.access_log import SETS, Kind, Request, answered_alone
from fream_compose.nginx.latency import Latency, latency_of
from fream_compose.nginx.log_reader import LogReader
from fream_compose.nginx.series import Series, series_of
from fream_compose.release import SetName
from fream_compose.verdict import Share, Verdict, judge

_BASELINE_SECONDS = 30.0  # of the log before the switch, to compare with


@dataclass(frozen=True)
class Evidence:
    """What the log proves. Moments are seconds after the cut-over; None: there was none.

    failed: answers of 500 and more, or cut short. broken_off: those that the app ended early.
    client_left: requests that their client gave up; after a second without an answer they
    count against their set. caught: those served that the other set had to answer; so do they.
    by_nginx: those that nginx answered by itself; no set's.
    before: the latency of what began before the switch. during: of what the old set was
    given since. after: of the new set. outage_seconds: the longest time without a good
    answer in which requests failed. old, new: what the verdict compares.
    unread: lines that were not ours or torn.
    missing: why there is no evidence, or not all of it; empty when there is.
    series: all of it over time, for the report alone.
    """

    served: int = 0
    failed: int = 0
    broken_off: int = 0
    client_left: int = 0
    caught: int = 0
    by_nginx: int = 0
    by_set: dict[str, int] = field(default_factory=dict)
    failed_by_set: dict[str, int] = field(default_factory=dict)
    before: Latency | None = None
    during: Latency | None = None
    after: Latency | None = None
    longest_gap_seconds: float = 0.0
    longest_gap_by_set: dict[str, float] = field(default_factory=dict)
    outage_seconds: float = 0.0
    first_new: float | None = None
    last_old: float | None = None
    old: Share = field(default_factory=Share)
    new: Share = field(default_factory=Share)
    verdict: Verdict = Verdict.TOO_FEW
    unread: int = 0
    missing: str = ""
    series: Series | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values, without the series, which is long."""
        return {name: value for name, value in asdict(self).items() if name != "series"}


class _Row(NamedTuple):
    start: float
    ended: float
    kind: Kind
    place: int


class _Count:
    """The requests of one set as they come, without those that their client left at once."""

    def __init__(self) -> None:
        self.failed = self.unreached = self.requests = 0
        self.first = self.last = 0.0

    def add(self, request: Request) -> None:
        if request.kind is Kind.CLIENT_LEFT:
            return
        self.first = min(self.first or request.ended, request.ended)
        self.last = max(self.last, request.ended)
        self.failed += request.kind.against
        self.unreached += request.kind in (Kind.UNREACHED, Kind.CAUGHT)
        self.requests += 1

    def turn(self, request: Request) -> None:
        """Take back what a request was taken for before."""
        if request.late in (None, Kind.CLIENT_LEFT):
            self.add(request)
        else:
            self.failed += request.kind.against - request.late.against


class Tally:
    """Requests as they are read, a few bytes each, so that a busy log fits in memory.

    began: the switch, in Unix seconds; of what came before, the last 30 s are the baseline.
    """

    def __init__(self, began: float = 0.0) -> None:
        self._began = began
        self._first = inf
        self._ended = array("d")
        self._seconds = array("f")
        self._kind = array("b")
        self._set = array("b")
        self._before = [_Count() for _ in SETS]
        self._since = [_Count() for _ in SETS]
        self._reader = LogReader()
        self._by_nginx = 0

    @property
    def unread(self) -> int:
        """Lines that were torn, or not ours."""
        return self._reader.unread

    def read(self, line: str) -> None:
        """Take one line of nginx's output."""
        request = self._reader.read(line)
        if request is None:
            alone = answered_alone(line) if line.startswith("{") else None
            self._by_nginx += (alone or -inf) >= self._began
            return
        self._first = min(self._first, request.ended)
        if request.ended >= self._began - _BASELINE_SECONDS:
            self._turn(request) if request.late is not None else self._add(request)

    def _add(self, request: Request) -> None:
        self._ended.append(request.ended)
        self._seconds.append(request.seconds)
        self._kind.append(request.kind)
        self._set.append(request.place)
        self._count_of(request).add(request)

    def _turn(self, request: Request) -> None:
        """Put right what a request was taken for; it came not long ago."""
        looked_for = (request.ended, request.late, request.place)
        for row in range(len(self._ended) - 1, -1, -1):
            if (self._ended[row], self._kind[row], self._set[row]) == looked_for:
                self._kind[row] = request.kind
                self._count_of(request).turn(request)
                return

    def _count_of(self, request: Request) -> _Count:
        # What began earlier in the new set's place was asked of an earlier release there.
        began = request.ended - request.seconds
        return (self._since if began >= self._began else self._before)[request.place]

    def shares(self, new: SetName) -> tuple[Share, Share]:
        """The old release's requests, shortly before the switch and since, and the new one's."""
        before, since = (counts[SETS.index(new.other)] for counts in (self._before, self._since))
        old = Share(before.requests + since.requests, before.failed + since.failed)
        now = self._since[SETS.index(new)]
        return old, Share(now.requests, now.failed, round(now.last - now.first, 3))

    def unreached(self, new: SetName) -> Share:
        """The new release's requests; failed are those that nginx answered in its place."""
        now = self._since[SETS.index(new)]
        return Share(now.requests, now.unreached, round(now.last - now.first, 3))

    def evidence(self, ended: float, cut_over: float | None, new: SetName) -> Evidence:
        """Sum up what was read until the switch ended. Both moments in Unix seconds.

        cut_over: None where it did not come to it.
        """
        kinds = Counter(row.kind for row in self._rows())
        (before, during, after), (old, fresh) = self._latencies(ended, new), self.shares(new)
        starts = (row.start for row in self._rows(new) if row.start >= self._began)
        first_new = min(starts, default=None)
        last_old = max((row.ended for row in self._rows(new.other)), default=None)
        return Evidence(
            served=kinds[Kind.GOOD] + kinds[Kind.UPGRADED] + kinds[Kind.CAUGHT],
            caught=kinds[Kind.CAUGHT],
            failed=sum(count for kind, count in kinds.items() if kind.failed),
            broken_off=kinds[Kind.BROKEN_OFF],
            client_left=sum(count for kind, count in kinds.items() if kind.left),
            by_nginx=self._by_nginx,
            by_set=_counts(row.place for row in self._rows()),
            failed_by_set=_counts(row.place for row in self._rows() if row.kind.failed),
            before=before,
            during=during,
            after=after,
            longest_gap_seconds=self._longest_gap(),
            longest_gap_by_set={str(n): self._longest_gap(n) for n in SetName},
            outage_seconds=self._outage(ended),
            first_new=_after(cut_over, first_new),
            last_old=_after(cut_over, last_old),
            old=old,
            new=fresh,
            verdict=judge(old, fresh),
            unread=self.unread,
            series=series_of(self._columns, self._began, self._first, ended, cut_over),
        )

    def _latencies(self, ended: float, new: SetName) -> tuple[Latency | None, ...]:
        """Before, during and after, by the set that answered and when the request began.

        So a late answer of the old set stays the old set's.
        """
        before, during, after = array("d"), array("d"), array("d")
        for row in self._rows(baseline=True):
            if row.kind.left or row.kind is Kind.UPGRADED or row.ended > ended:
                continue
            switching = after if row.place == SETS.index(new) else during
            part = before if row.start < self._began else switching
            part.append((row.ended - row.start) * 1000)
        return latency_of(before), latency_of(during), latency_of(after)

    def _longest_gap(self, name: SetName | None = None) -> float:
        """The longest time between the starts of two requests of the switch, in seconds."""
        starts = sorted(row.start for row in self._rows(name) if row.start >= self._began)
        return round(max((b - a for a, b in pairwise(starts)), default=0.0), 3)

    def _outage(self, ended: float) -> float:
        """The longest time around a failure between two good answers, in seconds."""
        good = array(
            "d", sorted(r.ended for r in self._rows() if r.kind in (Kind.GOOD, Kind.CAUGHT))
        )
        longest = 0.0
        for row in self._rows():
            if row.kind.failed:
                place = bisect_left(good, row.ended)
                last = good[place - 1] if place else row.start
                following = good[place] if place < len(good) else max(ended, row.ended)
                longest = max(longest, following - last)
        return round(longest, 3)

    @property
    def _columns(self) -> Iterator[tuple[float, float, int, int]]:
        return zip(self._ended, self._seconds, self._kind, self._set, strict=True)

    def _rows(self, name: SetName | None = None, baseline: bool = False) -> Iterator[_Row]:
        """Of one set or of all, since the switch began or with what came shortly before."""
        start = 0.0 if baseline else self._began
        wanted = None if name is None else SETS.index(name)
        for ended, seconds, kind, place in self._columns:
            if ended >= start and wanted in (None, place):
                yield _Row(ended - seconds, ended, Kind(kind), place)


def _after(start: float | None, moment: float | None) -> float | None:
    return None if start is None or moment is None else round(moment - start, 3)


def _counts(places: Iterable[int]) -> dict[str, int]:
    by_place = Counter(places)
    return {str(SETS[place]) or "no set": by_place[place] for place in sorted(by_place)}
