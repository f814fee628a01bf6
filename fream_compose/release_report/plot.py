"""A drawing over time whose letters keep their size at any width.

What is drawn stretches with the page; what is written is placed by percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fream_compose.release_report.axis import TimeAxis, ValueAxis
from fream_compose.release_report.markup import Markup, joined, tag

_WIDE = 1000  # of what stretches
_TOP, _BOTTOM = 20, 22  # pixels for what is written above and below
_NEAR_END = 80  # percent, from where on a name stands before its place
Heights = Sequence[float | None]  # by part; None where there is nothing to draw


@dataclass(frozen=True)
class Plot:
    """edges: of the parts, in seconds. tall: in pixels. cut_over: where it is marked."""

    edges: Sequence[float]
    scale: ValueAxis
    tall: int
    cut_over: float | None = None

    @property
    def axis(self) -> TimeAxis:
        """The time that it shows."""
        return TimeAxis(self.edges[0], self.edges[-1])

    def area(self, drawn: str, low: Heights, high: Heights) -> Markup:
        """What lies between two heights in each part. drawn: the class."""
        boxes = [
            f"M{self._x(number)} {self._y(bottom)}V{self._y(top)}H{self._x(number + 1)}"
            f"V{self._y(bottom)}Z"
            for number, (bottom, top) in enumerate(zip(low, high, strict=True))
            if bottom is not None and top is not None and top > bottom
        ]
        return tag("path", d="".join(boxes), class_=drawn)

    def line(self, drawn: str, values: Heights) -> Markup:
        """A line that is level in each part, and broken where there is no value."""
        pieces = []
        for number, (before, value) in enumerate(zip([None, *values], values, strict=False)):
            if value is not None:
                pen = f"M{self._x(number)} " if before is None else "V"
                pieces.append(f"{pen}{self._y(value)}H{self._x(number + 1)}")
        return tag("path", d="".join(pieces), class_=drawn)

    def drawing(self, said: str, *shapes: Markup, named: bool = False) -> Markup:
        """The whole. said: what who cannot see it is told. named: whether the cut-over is."""
        view = {"viewBox": f"0 0 {_WIDE} {self.tall}", "preserveAspectRatio": "none"}
        place = {"x": 0, "y": _TOP, "width": "100%", "height": self.tall}
        stretched = tag("svg", *shapes, **view, **place)
        content = joined(self._before(), *self._lines(), stretched, *self._names(named))
        size = {"width": "100%", "height": _TOP + self.tall + _BOTTOM}
        return tag("svg", content, class_="chart", role="img", aria_label=said, **size)

    def _x(self, edge: int) -> str:
        return f"{self.axis.percent(self.edges[edge]) * _WIDE / 100:g}"

    def _y(self, value: float) -> str:
        return f"{self.tall * (1 - self.scale.height(value)):.5g}"

    def _before(self) -> Markup:
        """The time before the run, in the background."""
        wide = f"{self.axis.percent(0.0)}%"
        return tag("rect", class_="before", x=0, y=_TOP, width=wide, height=self.tall)

    def _lines(self) -> list[Markup]:
        levels = [_TOP + float(self._y(value)) for value, _ in self.scale.ticks]
        return [
            tag("line", class_="grid" if y < _TOP + self.tall else "base", x2="100%", y1=y, y2=y)
            for y in (*levels, float(_TOP + self.tall))
        ]

    def _names(self, named: bool) -> list[Markup]:
        bottom = _TOP + self.tall
        found = [
            _text(name, "0%", _TOP + float(self._y(value)) - 4, "value", "start")
            for value, name in self.scale.ticks
        ]
        for moment, name in self.axis.ticks:
            at = self.axis.percent(moment)
            found.append(_text(name, f"{at}%", bottom + 16, "moment", _anchor(at)))
        if self.cut_over is not None:
            at = self.axis.percent(self.cut_over)
            line = {"x1": f"{at}%", "x2": f"{at}%", "y1": _TOP - 6, "y2": bottom}
            found.append(tag("line", class_="cut", **line))
            side = "end" if at > _NEAR_END else "start"
            found += [_text("cut-over", f"{at}%", 11, "cut-name", side)] if named else []
        return found


def _text(words: str, x: str, y: float, drawn: str, anchor: str) -> Markup:
    return tag("text", words, x=x, y=f"{y:g}", class_=drawn, text_anchor=anchor)


def _anchor(percent: float) -> str:
    """So that what is written at an end is not cut off."""
    return "start" if percent < 3 else "end" if percent > 97 else "middle"
