"""Where things are along an axis, and what is written beside it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS = 6  # that find room beside each other on a phone
_MINUS = "\N{MINUS SIGN}"
_UNITS = ((3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class TimeAxis:
    """Seconds from the begin of a run, across the whole width."""

    start: float
    end: float

    def percent(self, moment: float) -> float:
        """Where a moment is, from 0 to 100."""
        whole = max(self.end - self.start, 0.001)
        return round(min(max((moment - self.start) / whole, 0.0), 1.0) * 100, 3)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The moments to name, with their names, such as `10 s` or `2 min`."""
        wide = self.end - self.start
        step = next((s for s in _STEPS if wide / s < _MOST_TICKS), max(wide, 1.0))
        numbers = range(ceil(self.start / step), floor(self.end / step) + 1)
        size, unit = next((s, u) for s, u in _UNITS if step % s == 0 or s == 1)
        return [(n * step, f"{n * step / size:g} {unit}".replace("-", _MINUS)) for n in numbers]


@dataclass(frozen=True)
class ValueAxis:
    """Values from the bottom of a chart to its top. ticks: values, with their names."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    by_ratio: bool = False

    def height(self, value: float) -> float:
        """How high a value is, from 0 to 1."""
        if self.by_ratio:
            value = max(value, self.low)
            return min(log10(value / self.low) / log10(self.high / self.low), 1.0)
        return min(value / self.high, 1.0)


def counts(values: Iterable[float]) -> ValueAxis:
    """From zero to a round number above all values, with two or three lines."""
    most = max(values, default=0.0) or 1.0
    scale = 10 ** floor(log10(most))
    step = next(s * scale for s in (0.5, 1, 2, 2.5, 5, 10) if most / (s * scale) <= 3)
    lines = range(1, ceil(most / step) + 1)
    return ValueAxis(0.0, step * lines[-1], tuple((n * step, f"{n * step:,g}") for n in lines))


def durations(values: Iterable[float]) -> ValueAxis:
    """Milliseconds by powers of ten, as a p99 may be a hundred times a p50."""
    known = [max(value, 1.0) for value in values]
    low = floor(log10(min(known, default=1.0)))
    high = max(ceil(log10(max(known, default=10.0))), low + 1)
    between = (1, 2, 5) if high - low == 1 else (1,)
    values_shown = [m * 10**power for power in range(low, high) for m in between]
    ticks = tuple((float(v), _milliseconds(v)) for v in (*values_shown[1:], 10**high))
    return ValueAxis(10.0**low, 10.0**high, ticks, by_ratio=True)


def _milliseconds(value: float) -> str:
    return f"{value:g} ms" if value < 1000 else f"{value / 1000:,g} s"
