"""Counts what the clients saw while they run."""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from load.report import Failure, Gap, Latency, Mark, Phase

# Enough to diagnose; beyond it failures are only counted.
MAX_FAILURES_KEPT = 2000
WEBSOCKET = "websocket"


@dataclass(frozen=True)
class Attempt:
    """A request under way."""

    client: str
    started: float
    phase: int


class Recorder:
    """Written by the thread of the clients; counts and marks are safe from any thread."""

    def __init__(self) -> None:
        self.marks = [Mark("start", time.monotonic(), time.time())]
        self.begun = self.served = self.failed = 0
        self.failures: list[Failure] = []
        self.kinds: Counter[str] = Counter()
        self.closes: Counter[str] = Counter()
        self.certificates: Counter[str] = Counter()
        self._phases: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._seconds: defaultdict[tuple[int, str], array[float]] = defaultdict(lambda: array("d"))
        self._last_answer = self.marks[0].at
        self._gap = (0.0, self.marks[0].at)
        self._ended = False

    def mark(self, name: str) -> None:
        """Name this moment; requests that start from now on belong to it."""
        self.marks.append(Mark(name, time.monotonic(), time.time()))

    def begin(self, client: str) -> Attempt:
        """A client starts a request."""
        self.begun += 1
        return Attempt(client, time.monotonic(), len(self.marks) - 1)

    def answered(self, attempt: Attempt, version: str) -> None:
        """The answer came and every byte was right; `version` is empty when it said none."""
        now = time.monotonic()
        self.served += 1
        self._seconds[attempt.phase, attempt.client].append(now - attempt.started)
        if version:
            self._phases[attempt.phase][version] += 1
        # Echoes on an open WebSocket would hide that nothing else is answered.
        if attempt.client != WEBSOCKET and not self._ended:
            self._note_gap(now)

    def fail(self, attempt: Attempt, kind: str, detail: str) -> None:
        """The request failed, and is not tried again."""
        self.failed += 1
        self.kinds[kind] += 1
        if len(self.failures) < MAX_FAILURES_KEPT:
            self.failures.append(self._failure(attempt, kind, detail))

    def closed(self, how: str) -> None:
        """The server closed a connection in a way that costs no request."""
        self.closes[how] += 1

    def answers(self, client: str) -> int:
        """How many requests of a kind of client were answered so far."""
        counts = list(self._seconds.items())
        return sum(len(seconds) for (_, kind), seconds in counts if kind == client)

    def shown(self, certificate: str) -> None:
        """A server showed the certificate with this sha256 in a handshake, and it was good."""
        self.certificates[certificate] += 1

    def end(self) -> None:
        """No request starts after this moment."""
        self._note_gap(time.monotonic())
        self._ended = True

    def gap(self) -> Gap:
        """The longest time without any answer over HTTP."""
        seconds, began = self._gap
        mark = self._mark_before(began)
        return Gap(seconds, mark.name, began - mark.at)

    def latencies(self, phase: int | None = None) -> dict[str, Latency]:
        """Latency by kind of client, in one phase or in all."""
        found: defaultdict[str, list[float]] = defaultdict(list)
        for (number, client), seconds in self._seconds.items():
            if phase in (None, number):
                found[client].extend(seconds)
        return {client: Latency.of(seconds) for client, seconds in sorted(found.items())}

    def phases(self, ended: float) -> tuple[Phase, ...]:
        """What was answered between each mark and the next."""
        return tuple(
            Phase(
                mark.name,
                mark.at - self.marks[0].at,
                until - mark.at,
                dict(self._phases[index]),
                self.latencies(index),
            )
            for index, (mark, until) in enumerate(self._spans(ended))
        )

    def _spans(self, ended: float) -> Iterator[tuple[Mark, float]]:
        for mark, following in pairwise(self.marks):
            yield mark, following.at
        yield self.marks[-1], ended

    def _note_gap(self, now: float) -> None:
        self._gap = max(self._gap, (now - self._last_answer, self._last_answer))
        self._last_answer = now

    def _failure(self, attempt: Attempt, kind: str, detail: str) -> Failure:
        now = time.monotonic()
        mark = self._mark_before(now)
        return Failure(
            kind=kind,
            client=attempt.client,
            detail=detail[:300],
            after=mark.name,
            since_mark=now - mark.at,
            monotonic=now,
            wall=time.time(),
            seconds=now - attempt.started,
        )

    def _mark_before(self, moment: float) -> Mark:
        return next((mark for mark in reversed(self.marks) if mark.at <= moment), self.marks[0])
