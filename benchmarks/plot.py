"""A plot of the results: SVG, written by hand so that nothing need be installed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _LABELS, _BARS = 760, 300, 340
_ROW, _HEAD = 22, 44
_COLOURS = {"fream": "#2563eb", "limit": "#6b7280", "old": "#dc2626"}
Results = Mapping[str, Any]


@dataclass(frozen=True)
class Bar:
    """A value with the least and the most that were seen; side chooses the colour."""

    label: str
    side: str
    value: float
    least: float
    most: float
    text: str


@dataclass(frozen=True)
class Panel:
    """Bars that share a scale."""

    title: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return _HEAD + _ROW * len(self.bars)


def plot(results: Results) -> str:
    """The panels of the parts that were measured."""
    panels = list(_panels(results))
    height = sum(panel.height for panel in panels) + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
    ]
    top = 0
    for panel in panels:
        lines += _draw(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>"]) + "\n"


def _panels(results: Results) -> Iterator[Panel]:
    parts: dict[str, tuple[Callable[[Results], Panel], ...]] = {
        "switch": (_switch, _where),
        "dropped": (_dropped, _around),
        "warm-up": (_warm_up,),
        "throughput": (_throughput,),
    }
    for part, panels in parts.items():
        if part in results:
            yield from (panel(results[part]) for panel in panels)


def _switch(found: Results) -> Panel:
    rows = (
        ("the engine's limit, first answer", "limit", found["limit"]["total"]),
        ("fream, confirmed cut-over", "fream", found["fream"]["confirmed"]),
        ("fream, returned", "fream", found["fream"]["returned"]),
        ("the old script, first answer", "old", found["old"]["first_answer"]),
        ("the old script, returned", "old", found["old"]["returned"]),
    )
    return Panel(
        "Seconds of one switch: median, least to most",
        tuple(
            Bar(label, side, row["median"], row["min"], row["max"], f"{row['median']:.2f} s")
            for label, side, row in rows
        ),
    )


def _where(found: Results) -> Panel:
    rows = [row for row in found["where_the_time_goes"]["before"] if row["seconds"] >= 0.005]
    return Panel(
        "Where fream's time goes until the cut-over is confirmed",
        tuple(_plain(row["what"], "fream", row["seconds"] * 1000, " ms") for row in rows),
    )


def _dropped(found: Results) -> Panel:
    bars = (_plain(side, side, found[side]["failed_per_switch"], "") for side in ("fream", "old"))
    return Panel("Failed requests per switch under load", tuple(bars))


def _around(found: Results) -> Panel:
    bars = (
        _plain(f"{phase}, {side}", side, row["p99"], " ms")
        for side in ("fream", "old")
        for phase, row in found[side]["latency_ms"].items()
    )
    return Panel("p99 latency around a switch", tuple(bars))


def _warm_up(found: Results) -> Panel:
    sides, bars = {"with": "fream", "without": "limit"}, []
    for side, colour in sides.items():
        for moment in ("before", "after"):
            row = found[side]["evidence_p99_ms"][moment]
            label, text = f"{moment}, {side} warm-up", f"{row['median']:.1f} ms"
            bars.append(Bar(label, colour, row["median"], row["min"], row["max"], text))
    return Panel("p99 latency around a switch to a cold app", tuple(bars))


def _throughput(found: Results) -> Panel:
    bars = []
    for clients, row in found["short"].items():
        for side in ("fream", "old"):
            bars.append(_plain(f"5 s, {clients} clients, {side}", side, row[side]["median"], ""))
    for clients, row in found["sustained"].items():
        for side in ("fream", "old"):
            rate = row[side]["after_30_s"]["per_second"]
            bars.append(_plain(f"after 30 s, {clients} clients, {side}", side, rate, ""))
    return Panel("Good answers a second through nginx", tuple(bars))


def _plain(label: str, side: str, value: float, unit: str) -> Bar:
    text = f"{value:,.1f}" if 0 < value < 10 else f"{value:,.0f}"
    return Bar(label, side, value, value, value, text + unit)


def _draw(panel: Panel, top: int) -> Iterator[str]:
    scale = _BARS / max((bar.most for bar in panel.bars), default=1) if panel.bars else 0
    title = escape(panel.title)
    yield f'<text x="16" y="{top + 30}" font-weight="600" font-size="15">{title}</text>'
    for number, bar in enumerate(panel.bars):
        yield from _draw_bar(bar, top + _HEAD + number * _ROW, scale)


def _draw_bar(bar: Bar, top: int, scale: float) -> Iterator[str]:
    width, least, most = (round(value * scale, 1) for value in (bar.value, bar.least, bar.most))
    middle = top + 8
    yield f'<text x="{_LABELS - 8}" y="{top + 12}" text-anchor="end">{escape(bar.label)}</text>'
    yield (
        f'<rect x="{_LABELS}" y="{top}" width="{max(width, 1)}" height="16" '
        f'fill="{_COLOURS[bar.side]}" fill-opacity="0.85"/>'
    )
    if most > least:
        yield (
            f'<path d="M{_LABELS + least} {middle}H{_LABELS + most}" stroke="#111" '
            'stroke-width="1.5"/>'
        )
    end = _LABELS + max(width, most) + 8
    yield f'<text x="{end}" y="{top + 12}">{escape(bar.text)}</text>'
