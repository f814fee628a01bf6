"""The proof of a switch: what nginx's own access log says of every request meanwhile."""

import json
import subprocess
import threading
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple

from fream_compose.errors import FreamError
from fream_compose.release import SetName

_BASELINE_LINES = 5000  # of the log before the switch, to compare latencies with
_BASELINE_SECONDS = 30.0
_FLUSH_SECONDS = 0.3  # nginx writes its log every 200 ms
_UPSTREAM_ABORT = "while reading upstream"
_SETS = ("", *SetName)
_TURNED_AWAY = "maintenance"  # in place of the set; an answer that was asked for is no failure

_GOOD, _FAILED, _CLIENT_LEFT, _UPGRADED = range(4)


@dataclass(frozen=True)
class Latency:
    """How long requests took, in milliseconds, in one part of a switch."""

    requests: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Evidence:
    """What the log proves. Moments are seconds after the reload; None: there was none.

    failed: answers of 500 and above, and answers that the app broke off.
    client_left: requests that their client gave up; not a failure of ours.
    unread: lines that were not ours or torn.
    missing: why there is no evidence, or not all of it; empty when there is.
    """

    served: int = 0
    failed: int = 0
    client_left: int = 0
    by_set: dict[str, int] = field(default_factory=dict)
    failed_by_set: dict[str, int] = field(default_factory=dict)
    before: Latency | None = None
    during: Latency | None = None
    after: Latency | None = None
    longest_gap_seconds: float = 0.0
    first_new: float | None = None
    last_old: float | None = None
    unread: int = 0
    missing: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Moments:
    """When the switch began, reloaded nginx, had it confirmed, and ended; Unix seconds."""

    began: float
    reloaded: float
    confirmed: float
    ended: float


class Request(NamedTuple):
    """A line of nginx's access log. ended: Unix seconds. place: of its set, among all sets."""

    ended: float
    seconds: float
    kind: int
    place: int

    @property
    def set(self) -> str:
        """The set that answered; empty when nothing was live."""
        return str(_SETS[self.place])

    @property
    def failed(self) -> bool:
        """Whether the answer was 500 or above."""
        return self.kind == _FAILED


def read_request(line: str) -> Request | None:
    """Read an access line; None for one that maintenance turned away.

    Raises ValueError when it is torn, or not ours.
    """
    try:
        entry = json.loads(line)
        if entry["set"] == _TURNED_AWAY:
            return None
        kind = _kind(int(entry["status"]), entry["completion"])
        place = _SETS.index(entry["set"])
        return Request(float(entry["msec"]), float(entry["seconds"]), kind, place)
    except (KeyError, TypeError) as error:
        raise ValueError("not an access line of ours") from error


class Tally:
    """Requests as they are read, a few bytes each, so that a busy log fits in memory."""

    def __init__(self) -> None:
        self._ended = array("d")
        self._seconds = array("f")
        self._kind = array("b")
        self._set = array("b")
        self.aborted = array("d")
        self.unread = 0

    def read(self, line: str, now: Callable[[], float] = time.time) -> None:
        """Take one line of nginx's output; what is not an access line is at most counted."""
        if not line.startswith("{"):
            if _UPSTREAM_ABORT in line and "[error]" in line:
                self.aborted.append(now())
            return
        try:
            request = read_request(line)
        except ValueError:
            self.unread += 1
            return
        if request:
            self._ended.append(request.ended)
            self._seconds.append(request.seconds)
            self._kind.append(request.kind)
            self._set.append(request.place)

    def evidence(self, moments: Moments, new: SetName) -> Evidence:
        """Sum up what was read."""
        kinds = Counter((row[2], row[3]) for row in self._rows(moments.began))
        by_kind = _sums(kinds, 0)
        # A broken-off answer is unfinished like one whose client left; nginx's error log
        # tells how many were the app's doing.
        unfinished = by_kind[_CLIENT_LEFT]
        aborted = min(unfinished, len(self.aborted) - bisect_left(self.aborted, moments.began))
        return Evidence(
            served=by_kind[_GOOD] + by_kind[_UPGRADED],
            failed=by_kind[_FAILED] + aborted,
            client_left=unfinished - aborted,
            by_set=_named(_sums(kinds, 1)),
            failed_by_set=_named(Counter({s: n for (k, s), n in kinds.items() if k == _FAILED})),
            before=self._latency(moments.began - _BASELINE_SECONDS, moments.began),
            during=self._latency(moments.began, moments.confirmed),
            after=self._latency(moments.confirmed, moments.ended),
            longest_gap_seconds=_longest_gap(row[0] for row in self._rows(moments.began)),
            first_new=_since(
                moments, min((e - s for e, s in self._of(new, moments)), default=None)
            ),
            last_old=_since(
                moments, max((e for e, _ in self._of(new.other, moments)), default=None)
            ),
            unread=self.unread,
        )

    def _rows(self, start: float) -> Iterator[tuple[float, float, int, int]]:
        rows = zip(self._ended, self._seconds, self._kind, self._set, strict=True)
        return (row for row in rows if row[0] >= start)

    def _of(self, name: SetName, moments: Moments) -> Iterator[tuple[float, float]]:
        index = _SETS.index(name)
        return ((row[0], row[1]) for row in self._rows(moments.began) if row[3] == index)

    def _latency(self, start: float, end: float) -> Latency | None:
        taken = sorted(
            seconds * 1000
            for ended, seconds, kind, _ in self._rows(start)
            if ended < end and kind in (_GOOD, _FAILED)
        )
        if not taken:
            return None
        return Latency(len(taken), percentile(taken, 50), percentile(taken, 99))


def _kind(status: int, completion: str) -> int:
    if status >= 500:
        return _FAILED
    if status == 101:
        return _UPGRADED
    return _GOOD if completion == "OK" else _CLIENT_LEFT


def percentile(ordered: list[float], percent: int) -> float:
    """The nearest-rank percentile of a list in order."""
    return round(ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)], 1)


def _sums(kinds: Counter[tuple[int, int]], position: int) -> Counter[int]:
    sums: Counter[int] = Counter()
    for key, count in kinds.items():
        sums[key[position]] += count
    return sums


def _named(by_place: Counter[int]) -> dict[str, int]:
    return {str(_SETS[place]) or "no set": by_place[place] for place in sorted(by_place)}


def _longest_gap(times: Iterator[float]) -> float:
    return round(max((b - a for a, b in pairwise(sorted(times))), default=0.0), 3)


def _since(moments: Moments, moment: float | None) -> float | None:
    return None if moment is None else round(moment - moments.reloaded, 3)


class Recorder:
    """Reads nginx's log while a switch runs. Never makes a switch fail."""

    def __init__(self, process: subprocess.Popen[str] | None, missing: str = "") -> None:
        self._process = process
        self._missing = missing
        self._tally = Tally()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.began = self.reloaded = self.confirmed = self.ended = time.time()

    def _read(self) -> None:
        if self._process and self._process.stdout:
            for line in self._process.stdout:
                self._tally.read(line)

    def reload(self) -> None:
        """nginx is about to be told."""
        self.reloaded = time.time()

    def confirm(self) -> None:
        """nginx has confirmed."""
        self.confirmed = time.time()

    def end(self) -> None:
        """What comes from here on is not the switch's."""
        self.ended = time.time()

    def finish(self, new: SetName) -> Evidence:
        """Stop reading and sum up."""
        if self._process is None:
            return Evidence(missing=self._missing)
        time.sleep(max(0.0, self.ended + _FLUSH_SECONDS - time.time()))
        early = self._process.poll() is not None
        self.stop()
        moments = Moments(self.began, self.reloaded, self.confirmed, self.ended)
        evidence = self._tally.evidence(moments, new)
        return replace(evidence, missing="nginx's log ended early") if early else evidence

    def stop(self) -> None:
        """End the reading process."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._thread.join()
            if self._process.stdout:
                self._process.stdout.close()


@contextmanager
def recording(follow: Callable[[int], subprocess.Popen[str]]) -> Iterator[Recorder]:
    """Record for the length of a switch.

    follow: starts a process that prints the last lines of nginx's log and all that come.
    """
    process, missing = None, ""
    try:
        process = follow(_BASELINE_LINES)
    except (OSError, FreamError) as error:
        missing = f"nginx's log cannot be read: {error}"
    recorder = Recorder(process, missing)
    try:
        yield recorder
    finally:
        with suppress(OSError):
            recorder.stop()


def told(evidence: Evidence, new: SetName) -> list[str]:
    """The evidence for people."""
    if evidence.missing and not evidence.served:
        return [f"No evidence: {evidence.missing}"]
    lines = [_counts(evidence)]
    if evidence.served or evidence.failed:
        lines += [_moved(evidence, new), _latencies(evidence)]
    if evidence.unread:
        lines.append(f"{evidence.unread:,} lines of nginx's log could not be read")
    if evidence.missing:
        lines.append(f"Not the whole evidence: {evidence.missing}")
    return lines


def _counts(evidence: Evidence) -> str:
    if not (evidence.served or evidence.failed or evidence.client_left):
        return "No requests came meanwhile, so this switch proves nothing"
    shares = ", ".join(f"{name} {count:,}" for name, count in evidence.by_set.items())
    left = f"; {evidence.client_left:,} given up by their client" if evidence.client_left else ""
    where = "".join(f", {n:,} by {name}" for name, n in evidence.failed_by_set.items())
    return (
        f"{evidence.served:,} requests served, {evidence.failed:,} failed{where} ({shares}{left})"
    )


def _moved(evidence: Evidence, new: SetName) -> str:
    first = "none yet" if evidence.first_new is None else f"{evidence.first_new:+.2f}s"
    last = "none" if evidence.last_old is None else f"{evidence.last_old:+.2f}s"
    return (
        f"First request to {new} {first}, last answer of {new.other} {last} from the reload; "
        f"longest gap without an answer {evidence.longest_gap_seconds:.2f}s"
    )


def _latencies(evidence: Evidence) -> str:
    parts = {"before": evidence.before, "during": evidence.during, "after": evidence.after}
    shown = (f"{n} {p.p50_ms:.0f}/{p.p99_ms:.0f}" if p else f"{n} -" for n, p in parts.items())
    return f"Latency p50/p99 in ms: {', '.join(shown)}"
