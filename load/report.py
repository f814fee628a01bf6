"""What a load saw, as values, JSON and lines for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

FAILURES_SHOWN = 5


@dataclass(frozen=True)
class Mark:
    """A named moment: `at` in seconds of the monotonic clock, `wall` since the epoch."""

    name: str
    at: float
    wall: float


@dataclass(frozen=True)
class Failure:
    """One failed request. Times in seconds; `seconds` is how long the client had waited."""

    kind: str
    client: str
    detail: str
    after: str
    since_mark: float
    monotonic: float
    wall: float
    seconds: float

    def line(self) -> str:
        """For people."""
        when = f'{self.since_mark:.3f} s after "{self.after}"'
        return f"{self.kind} ({self.client}, {when}, waited {self.seconds:.3f} s): {self.detail}"


@dataclass(frozen=True)
class Latency:
    """Seconds from the start of a request, connecting included, to its last byte."""

    count: int
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Summarise at least one sample."""
        ordered = sorted(seconds)
        last = len(ordered) - 1
        return cls(
            len(ordered), ordered[round(last * 0.5)], ordered[round(last * 0.99)], ordered[last]
        )


@dataclass(frozen=True)
class Gap:
    """The longest time, in seconds, in which no request over HTTP was answered."""

    seconds: float
    after: str
    since_mark: float


@dataclass(frozen=True)
class Phase:
    """Answers to the requests that started between a mark and the next, by release.

    Echoes of a WebSocket are left out: they follow its handshake, which is counted.
    `at` and `seconds` are the beginning, counted from the start, and the length;
    `latencies` are by kind of client.
    """

    name: str
    at: float
    seconds: float
    by_version: Mapping[str, int]
    latencies: Mapping[str, Latency] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The evidence. `seconds` is how long requests were started.

    `closes` counts connections that the server ended without costing a request:
    announced (`Connection: close`), closed_idle (seen before the next request was
    sent), goaway (HTTP/2, while no request was under way), websocket (close frame 1000,
    1001 or 1012), websocket_unanswered (such a close frame instead of an echo).
    `certificates` counts handshakes by the sha256 of the certificate that was shown.
    """

    target: str
    seconds: float
    served: int
    failed: int
    by_kind: Mapping[str, int]
    by_version: Mapping[str, int]
    phases: tuple[Phase, ...]
    closes: Mapping[str, int]
    latencies: Mapping[str, Latency]
    gap: Gap
    failures: tuple[Failure, ...]
    certificates: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Something was served and nothing failed."""
        return self.served > 0 and self.failed == 0

    def phase(self, name: str) -> Phase:
        """The phase that began with the mark `name`; KeyError when there is none."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise KeyError(name)

    def to_json(self) -> str:
        """The whole report as one JSON object."""
        return json.dumps({"ok": self.ok, **asdict(self)}, indent=2, ensure_ascii=False)

    def lines(self) -> list[str]:
        """The report for people."""
        return [*self._summary(), *self._latency_lines(), *self._phase_lines(), *self._failed()]

    def _summary(self) -> Iterator[str]:
        rate = self.served / self.seconds if self.seconds else 0.0
        yield f"load on {self.target}: {self.seconds:.1f} s, {rate:.0f} requests/s"
        yield f"served {self.served}, failed {self.failed}"
        yield f"by version: {_counts(self.by_version)}"
        yield f"closed by the server, no request lost: {_counts(self.closes)}"
        if self.certificates:
            handshakes = sum(self.certificates.values())
            yield f"{handshakes} TLS handshakes, certificates shown: {len(self.certificates)}"
        where = f'{self.gap.since_mark:.2f} s after "{self.gap.after}"'
        yield f"longest gap without an answer: {self.gap.seconds:.3f} s ({where})"

    def _latency_lines(self) -> Iterator[str]:
        yield f"{'client':<10} {'count':>8} {'p50 ms':>9} {'p99 ms':>9} {'max ms':>9}"
        for client, value in self.latencies.items():
            times = " ".join(f"{s * 1000:9.1f}" for s in (value.p50, value.p99, value.max))
            yield f"{client:<10} {value.count:>8} {times}"

    def _phase_lines(self) -> Iterator[str]:
        for phase in self.phases[1:]:
            yield f'{phase.at:.1f} s "{phase.name}", then: {_counts(phase.by_version)}'

    def _failed(self) -> Iterator[str]:
        for kind, count in self.by_kind.items():
            yield f"FAILED {kind}: {count}"
            yield from self._examples(kind)

    def _examples(self, kind: str) -> Iterator[str]:
        kept = [failure for failure in self.failures if failure.kind == kind]
        spread = Counter((failure.client, failure.after) for failure in kept)
        for (client, after), count in spread.items():
            yield f'  {count} of {client} after "{after}"'
        for failure in kept[:FAILURES_SHOWN]:
            yield f"  {failure.line()}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or '?'} {count}" for name, count in counts.items()) or "none"
