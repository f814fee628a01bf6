"""The watch for people: a live view at a terminal, a line for each look elsewhere."""

from datetime import datetime
from typing import TYPE_CHECKING

from fream_compose.cli.views.history import line as event_line
from fream_compose.nginx.traffic import SetTraffic
from fream_compose.operations.status import Status
from fream_compose.operations.watch import Frame
from fream_compose.text import clean

if TYPE_CHECKING:
    from rich.console import RenderableType

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: tuple[float, ...]) -> str:
    """A bar for each value, the highest for the greatest."""
    top = max(values, default=0.0) or 1.0
    return "".join(_BARS[int(value / top * (len(_BARS) - 1))] for value in values)


def plain(frame: Frame) -> str:
    """A line for a log."""
    parts = [f"{_clock(frame)}  {_headline(frame)}"]
    parts += [
        f"{name} {flow.per_second:g}/s, {flow.errors} errors, p50/p99 {_latencies(flow)}"
        for name, flow in frame.traffic.items()
        if flow.rates and any(flow.rates)
    ]
    return "; ".join([*parts, *_notes(frame)])


def view(frame: Frame) -> "RenderableType":
    """The view of a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("set", "", "version", "health"):
        table.add_column(heading)
    for heading in ("req/s", "", "errors", "p50 ms", "p99 ms", ""):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, flow in frame.traffic.items():
        table.add_row(*(Text(clean(c)) for c in (*_place(frame.status, name), *_numbers(flow))))
    notes = [Text(clean(f"! {note}"), style="yellow") for note in _notes(frame)]
    events = [Text(clean(event_line(e)), style="dim", overflow="ellipsis") for e in frame.events]
    title = Text(clean(f"{_clock(frame)}  {_headline(frame)}"), style="bold")
    return Group(title, "", table, *([""] if notes else []), *notes, "", *events)


def _clock(frame: Frame) -> str:
    return f"{datetime.fromisoformat(frame.at).astimezone():%H:%M:%S}"


def _headline(frame: Frame) -> str:
    if frame.status is None:
        return frame.trouble
    live = frame.status.live
    if frame.status.not_served and (live is None or live.healthy):
        return frame.status.not_served
    if live is None:
        return frame.status.foreign or "nothing is live"
    mark = "healthy" if live.healthy else f"NOT HEALTHY: {live.health}"
    return f"{live.version} in {live.set} serves, {mark}"


def _place(found: Status | None, name: str) -> tuple[str, str, str, str]:
    """A set's name, whether it is live, its version and its health."""
    mine = next((c for c in found.containers if c.service == name), None) if found else None
    if found and found.live and found.live.set == name:
        return name, "live", found.live.version, found.live.health
    version = mine.image.rpartition("/")[2].partition("@")[0].partition(":")[2] if mine else ""
    return (
        name,
        "idle" if found and found.idle == name else "",
        version,
        mine.status if mine else "",
    )


def _numbers(flow: SetTraffic) -> tuple[str, ...]:
    p50, p99 = ("-" if value is None else f"{value:.1f}" for value in (flow.p50_ms, flow.p99_ms))
    return (
        f"{flow.per_second:,.1f}",
        sparkline(flow.rates),
        f"{flow.errors:,}",
        p50,
        p99,
        sparkline(flow.p99s),
    )


def _latencies(flow: SetTraffic) -> str:
    return "-" if flow.p50_ms is None else f"{flow.p50_ms:g}/{flow.p99_ms:g} ms"


def _notes(frame: Frame) -> list[str]:
    notes = list(frame.status.notices) if frame.status else []
    if frame.draining:
        notes.insert(0, f"draining: {frame.draining} for {frame.draining_seconds:.0f}s")
    return notes
