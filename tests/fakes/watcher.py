"""A report that remembers what an operator would have read, and can act at a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fream_compose.report import Report, Step


class Watcher(Report):
    """steps: titles in the order they began. at: what to do when a step begins."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []
        self.details: dict[str, str] = {}
        self.notes: list[str] = []
        self.at: dict[str, Callable[[], None]] = {}

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        self.steps.append(step.title)
        for begins, action in self.at.items():
            if step.title.startswith(begins):
                action()
        yield

    def _done(self, step: Step, _seconds: float) -> None:
        self.details[step.title] = step.detail
