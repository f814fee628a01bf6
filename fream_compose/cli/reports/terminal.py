"""A run at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from fream_compose.cli.colour import Tone, painted
from fream_compose.cli.form import cut
from fream_compose.cli.reports.live import LiveLine, folded
from fream_compose.cli.reports.stream import Tolerant
from fream_compose.report import Report, Step
from fream_compose.text import clean, one_line
from fream_compose.times import span

_LEAST = 6  # columns, below which what was seen last is not worth its place
_LAST_CHECK = "last check: "
_TONES = {"✓": Tone.GOOD, "!": Tone.WARN, "✗": Tone.BAD}


def live_line(
    step: Step, seconds: float, frame: str, columns: int, fitted: Callable[[str], str] = str
) -> str:
    """A step that has run for so many seconds, in a line that fits: mark, title, time, latest.

    frame: of the spinner. fitted: makes of a text what the terminal can show.
    """
    heading, latest = fitted(f"{frame} {clean(step.heading)}"), fitted(one_line(step.latest))
    took = step.so_far(seconds) if step.limit or seconds >= 1 else ""
    whole = "   ".join(filter(None, (heading, took, latest)))
    if _cells(whole) <= columns:
        return whole
    dots = fitted("…")
    room = columns - (_cells(took) + 2 if took else 0)
    line = cut(heading, room, dots) + (f"  {took}" if took else "")
    left = columns - _cells(line) - 2
    latest = cut(latest.removeprefix(_LAST_CHECK), left, dots)
    return cut(f"{line}  {latest}" if latest and left >= _LEAST else line, columns, dots)


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


@dataclass
class TerminalReport(Report):
    """A line for each step, alive while the step runs, with marks in colour."""

    out: TextIO = field(kw_only=True)

    def __post_init__(self) -> None:
        self.line = LiveLine(Tolerant(self.out))

    def note(self, text: str) -> None:
        for line in clean(text).splitlines():
            self.line.print(folded(line, self.line.columns()))

    def marked(self, mark: str, text: str) -> None:
        self._marked(mark, text)

    def _warned(self, text: str) -> None:
        self._marked("!", text)

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        began, fitted = self.clock(), self.line.out.fitted

        def tell(frame: str, columns: int) -> str:
            return live_line(step, self.clock() - began, frame, columns, fitted)

        with self.line.showing(tell):
            yield

    def _done(self, step: Step, seconds: float) -> None:
        self._marked("✓", str(step), span(seconds))

    def _failed(self, step: Step, seconds: float) -> None:
        self._marked("✗", str(step), f"{step.ended} after {span(seconds)}", Tone.BAD)

    def _marked(self, mark: str, text: str, took: str = "", of_took: Tone = Tone.FAINT) -> None:
        line = f"{mark} {clean(text)}" + (f"  {took}" if took else "")
        lines = folded(line, self.line.columns())
        rest = lines.removeprefix(mark)
        if took and rest.endswith(took):
            rest = rest.removesuffix(took) + painted(took, of_took, self.out)
        self.line.print(painted(mark, _TONES[mark], self.out) + rest)
