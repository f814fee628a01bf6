"""A run as lines of JSON, for programs."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO

from fream_compose.cli.machine import SCHEMA
from fream_compose.cli.reports import github
from fream_compose.cli.reports.stream import Tolerant
from fream_compose.report import Heading, Move, Report, Step


@dataclass
class JsonlReport(Report):
    """Each event as a line of JSON, for programs that follow a run; its result is the last."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def begin(self, heading: Heading) -> None:
        super().begin(heading)
        about = asdict(heading)
        del about["project"]  # as in every event
        self.event("begun", **about)

    def decided(self, move: Move) -> None:
        super().decided(move)
        self.event("decided", was=move.was, to=move.to)

    def note(self, text: str) -> None:
        self.event("note", text=text)

    def _warned(self, text: str) -> None:
        self.event("warning", text=text)

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        self.event("started", **_placed(step), limit=step.limit or None)
        yield

    def _done(self, step: Step, seconds: float) -> None:
        self.event("done", **_placed(step), detail=step.detail, seconds=round(seconds, 3))

    def _failed(self, step: Step, seconds: float) -> None:
        ended = step.ended or "failed"
        self.event("failed", **_placed(step), ended=ended, seconds=round(seconds, 3))

    def result(self, envelope: Mapping[str, Any]) -> None:
        """How the run ended: the last event."""
        self.event("result", **envelope)

    def event(self, event: str, **about: Any) -> None:
        """Say one. run: null until it is the run's turn."""
        told = {
            "schema": SCHEMA,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "project": self.heading.project if self.heading else None,
            "run": self.run or None,
            "event": event,
        }
        line = json.dumps(told | about, default=str)
        print(github.fit(line), file=Tolerant(self.out), flush=True)


def _placed(step: Step) -> dict[str, Any]:
    place = step.place
    return {
        "step": step.id,
        "title": step.title,
        "number": place.number if place else None,
        "of": place.count if place else None,
    }
