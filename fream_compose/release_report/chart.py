"""The requests of a release over time: how many, how many failed, how long they took."""

from dataclasses import dataclass

from fream_compose.nginx.series import Course, Series
from fream_compose.release_report.axis import ValueAxis, counts, durations
from fream_compose.release_report.markup import Markup
from fream_compose.release_report.plot import Plot
from fream_compose.release_report.words import milliseconds
from fream_compose.text import count

_TALL, _LOW = 150, 56  # pixels
_DRAWN = ("none", "old", "new")  # the classes, the last on top


@dataclass(frozen=True)
class Charts:
    """The charts of one series. old, new: the names of the sets."""

    series: Series
    old: str
    new: str

    @property
    def courses(self) -> list[tuple[str, Course]]:
        """What each set did, with the class by which it is drawn; the new one last."""
        classes = {self.old: "old", self.new: "new"}
        drawn = [(classes.get(n, "none"), course) for n, course in self.series.by_set.items()]
        return sorted(drawn, key=lambda each: _DRAWN.index(each[0]))

    @property
    def failures(self) -> list[float]:
        """How many requests failed, part by part."""
        return [float(sum(each)) for each in zip(*(c.failed for _, c in self.courses), strict=True)]

    def requests(self) -> Markup:
        """Requests a second, one set on the other."""
        rates = [(drawn, self.rates(course)) for drawn, course in self.courses]
        total = [sum(each) for each in zip(*(values for _, values in rates), strict=True)]
        plot, below, areas = self._plot(counts(total), _TALL), [0.0] * len(total), []
        for drawn, values in rates:
            top = [low + value for low, value in zip(below, values, strict=True)]
            areas.append(plot.area(f"area {drawn}", below, top))
            below = top
        moved = self.series.cut_over
        cut = "" if moved is None else f"; the cut-over is {moved:.1f} s after the begin"
        said = f"Requests a second over time, at most {max(total):,.0f}{cut}"
        return plot.drawing(said, *areas, named=True)

    def rates(self, course: Course) -> list[float]:
        """Requests a second, part by part."""
        edges = self.series.edges
        parts = zip(course.requests, edges, edges[1:], strict=False)
        return [number / (end - start) for number, start, end in parts]

    def failed(self) -> Markup:
        """Failed requests, part by part."""
        total = self.failures
        plot = self._plot(counts(total), _LOW)
        said = f"Failed requests over time: {count(int(sum(total)), 'request')}"
        return plot.drawing(said, plot.area("area failed", [0.0] * len(total), total))

    def latency(self) -> Markup:
        """From p50 to p99 of each set."""
        known = [v for _, c in self.courses for v in (*c.p50_ms, *c.p99_ms) if v is not None]
        plot, shapes = self._plot(durations(known), _TALL), []
        for drawn, course in self.courses:
            shapes.append(plot.area(f"band {drawn}", course.p50_ms, course.p99_ms))
            shapes.append(plot.line(f"line {drawn}", course.p50_ms))
        said = f"Latency over time, p50 and p99, at most {milliseconds(max(known, default=0.0))}"
        return plot.drawing(said, *shapes)

    def _plot(self, scale: ValueAxis, tall: int) -> Plot:
        return Plot(self.series.edges, scale, tall, self.series.cut_over)
