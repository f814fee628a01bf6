"""A run in a log or a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TextIO

from fream_compose.cli.reports.stream import Tolerant
from fream_compose.cli.reports.ticker import every
from fream_compose.report import Heading, Move, Report, Step
from fream_compose.text import clean, one_line
from fream_compose.times import span

_HEARTBEAT_SECONDS = 15.0


@dataclass
class PlainReport(Report):
    """Lines for logs and pipes: a step as it begins and ends, and every 15 s that it takes.

    timestamps: whether each line begins with its moment.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    timestamps: bool = False
    heartbeat: float = _HEARTBEAT_SECONDS

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._open: list[Step] = []

    def begin(self, heading: Heading) -> None:
        super().begin(heading)
        self.note(str(heading) + (f"\nnote: {one_line(heading.note)}" if heading.note else ""))

    def decided(self, move: Move) -> None:
        super().decided(move)
        self.note(str(move))

    def note(self, text: str) -> None:
        shown = self._text(clean(text))
        self._say(stamped(shown) if self.timestamps else shown)

    def _text(self, text: str) -> str:
        """What lines become that are no more than text."""
        return text

    def _say(self, text: str) -> None:
        with self._lock:
            print(text, file=Tolerant(self.out), flush=True)

    def _warned(self, text: str) -> None:
        self.note(f"warning: {text}")

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        began = self.clock()
        self._began(step)
        self._open.append(step)

        def beat() -> None:
            seen = f"; {one_line(step.latest)}" if step.latest else ""
            if step is self._open[-1]:
                self.note(f"{step.heading} … {step.so_far(self.clock() - began)}{seen}")

        try:
            with every(self.heartbeat, beat):
                yield
        finally:
            self._open.remove(step)

    def _began(self, step: Step) -> None:
        self.note(f"{step.heading} …")

    def _done(self, step: Step, seconds: float) -> None:
        self.note(f"{step}  {span(seconds)}")

    def _failed(self, step: Step, seconds: float) -> None:
        self.note(f"{step}  {step.ended} after {span(seconds)}")


def stamped(text: str) -> str:
    """The lines, each behind this moment in UTC, in the form that logs of all kinds have."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "\n".join(f"{now}  {line}" for line in text.split("\n"))
