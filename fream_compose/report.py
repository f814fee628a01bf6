"""Progress for whoever watches: a person at a terminal, a log, or nobody."""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO, cast

from fream_compose.text import clean, encodable

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Place:
    """Where a step is in its run: its fixed id, its number from 1, and how many there are."""

    id: str
    number: int
    count: int

    def __str__(self) -> str:
        return f"[{self.number}/{self.count}]"


@dataclass
class Step:
    """A step under way; what is set as detail is shown when it is done."""

    title: str
    detail: str = ""
    place: Place | None = None

    @property
    def heading(self) -> str:
        """The title, behind its place where it has one."""
        return f"{self.place} {self.title}" if self.place else self.title


@dataclass
class Report:
    """Announces each step and says how long it took; also the silent kind for tests.

    seconds: the durations of the steps that are done, by title. ids: the fixed ids of those
    that have one, by title. warnings: what was warned of. heard: told the title of each step
    as it begins.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    heard: Callable[[str], object] = field(default=lambda _title: None, kw_only=True)
    _said: set[str] = field(default_factory=set)

    @contextmanager
    def step(self, title: str, place: Place | None = None) -> Iterator[Step]:
        """Announce a step for the length of the block. place: of one that was planned."""
        step = Step(title, place=place)
        self.heard(title)
        began = time.monotonic()
        try:
            with self._running(step):
                yield step
        except BaseException:
            self._failed(step, time.monotonic() - began)
            raise
        self.seconds[title] = round(time.monotonic() - began, 3)
        if place:
            self.ids[title] = place.id
        self._done(step, self.seconds[title])

    def note(self, text: str) -> None:
        """Say something that is not a step."""

    def note_once(self, text: str) -> None:
        """Say something unless it was said before."""
        if text not in self._said:
            self._said.add(text)
            self.note(text)

    def warn(self, text: str) -> None:
        """Say something that the operator should look into."""
        self.warnings.append(text)
        self._warned(text)

    def _warned(self, text: str) -> None:
        pass

    @contextmanager
    def _running(self, _step: Step) -> Iterator[None]:
        yield

    def _done(self, step: Step, seconds: float) -> None:
        pass

    def _failed(self, step: Step, seconds: float) -> None:
        pass


@dataclass
class PlainReport(Report):
    """One line for each finished step, for logs and pipes."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def note(self, text: str) -> None:
        print(clean(text), file=Tolerant(self.out), flush=True)

    def _warned(self, text: str) -> None:
        self.note(f"warning: {text}")

    def _done(self, step: Step, seconds: float) -> None:
        self.note(f"{_line(step)}  {seconds:.1f}s")

    def _failed(self, step: Step, seconds: float) -> None:
        self.note(f"{_line(step)}  failed after {seconds:.1f}s")


@dataclass
class JsonlReport(Report):
    """Each event as a line of JSON, for programs that follow a run."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def note(self, text: str) -> None:
        self._event(event="note", text=text)

    def _warned(self, text: str) -> None:
        self._event(event="warning", text=text)

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        self._event(event="started", step=step.title, **_placed(step))
        yield

    def _done(self, step: Step, seconds: float) -> None:
        self._event(
            event="done",
            step=step.title,
            detail=step.detail,
            seconds=round(seconds, 3),
            **_placed(step),
        )

    def _failed(self, step: Step, seconds: float) -> None:
        self._event(event="failed", step=step.title, seconds=round(seconds, 3), **_placed(step))

    def _event(self, **event: str | float) -> None:
        print(json.dumps(event), file=Tolerant(self.out), flush=True)


class RichReport(Report):
    """The same with a spinner and colours."""

    def __init__(self, console: "Console") -> None:
        super().__init__()
        console.file = cast(TextIO, Tolerant(cast(TextIO, console.file)))
        self._console = console

    def note(self, text: str) -> None:
        self._console.print(clean(text), markup=False, highlight=False)

    def _warned(self, text: str) -> None:
        self._console.print(f"! {clean(text)}", style="yellow", markup=False, highlight=False)

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        from rich.markup import escape

        with self._console.status(escape(clean(f"{step.heading} …"))):
            yield

    def _done(self, step: Step, seconds: float) -> None:
        self._line("green", "✓", step, f"{seconds:.1f}s")

    def _failed(self, step: Step, seconds: float) -> None:
        self._line("red", "✗", step, f"failed after {seconds:.1f}s")

    def _line(self, colour: str, mark: str, step: Step, took: str) -> None:
        from rich.text import Text

        line = f" {clean(_line(step))}  "
        self._console.print(Text.assemble((mark, colour), line, (took, "dim")))


class Tolerant(io.TextIOBase):
    """A stream whose reader may go away, as with a closed SSH session: the run goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream behind."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write what can be written, with replacements for what the encoding lacks."""
        with suppress(OSError):
            self._stream.write(encodable(text, self.encoding or "utf-8"))
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor, from which rich takes the size of the terminal."""
        return self._stream.fileno()


def _line(step: Step) -> str:
    return f"{step.heading}: {step.detail}" if step.detail else step.heading


def _placed(step: Step) -> dict[str, str | int]:
    place = step.place
    return {"id": place.id, "number": place.number, "of": place.count} if place else {}
