"""The watch for people: a screen whose columns stay where they are, or a line for each look."""

from collections.abc import Iterator
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from fream_compose import times
from fream_compose.cli.colour import Tone
from fream_compose.cli.form import PIPE, Form
from fream_compose.cli.views.rows import Row, joined, lines_of, row
from fream_compose.cli.views.status import https, troubles, verdict, work
from fream_compose.nginx.traffic import SetTraffic
from fream_compose.operations.overall import Level, Overall
from fream_compose.operations.watch import Frame
from fream_compose.project.entry import Entry, Kind, Result
from fream_compose.text import clean, count

_BARS = "▁▂▃▄▅▆▇█"
_NUMBERS = (("req/s", 8), ("errors", 6), ("p50 ms", 6), ("p99 ms", 6), ("open", 5))
_PLACE = (("set", 6), ("", 4))
_USUAL = 80
_NARROW, _WIDE, _SPARK = 12, 16, 8  # columns of a version, and the fewest of a sparkline
_TAKEN = sum(width + 1 for _, width in (*_PLACE, *_NUMBERS)) + _NARROW
_RESULTS = {
    Result.FAILING: Tone.BAD,
    Result.FAILED: Tone.WARN,
    Result.INTERRUPTED: Tone.WARN,
    Result.CUT_BACK: Tone.WARN,
}


def sparkline(values: tuple[float, ...], width: int) -> str:
    """A bar for each of the last values, the newest at the right, the highest for the greatest."""
    shown = values[-width:] if width else ()
    top = max(shown, default=0.0) or 1.0
    return "".join(_BARS[int(value / top * (len(_BARS) - 1))] for value in shown).rjust(width)


def plain(frame: Frame) -> str:
    """A line for a log."""
    parts = [f"{times.clock(frame.at)}  {next(_verdict(frame, PIPE))}"]
    parts += [
        f"{name} {flow.per_second:,.1f}/s, {count(flow.errors, 'error')}, "
        f"p50/p99 {_latencies(flow)}"
        for name, flow in frame.traffic.items()
        if flow.rates and any(flow.rates)
    ]
    rows = (f"{one.label}: {', '.join(map(joined, one.parts))}" for one in _rows(frame))
    return "; ".join([*parts, *rows])


def screen(frame: Frame, form: Form, every: float) -> list[str]:
    """The screen of a terminal. every: seconds between two looks."""
    head = [*_verdict(frame, form)]
    hint = f"{times.clock(frame.at)} {times.zone(frame.at)}, every {every:g} s; q leaves"
    told = list(lines_of(_rows(frame), form))
    return [
        # The table stays where it is: the verdict has room that it may not need.
        *head,
        *[""] * ((2 if form.width >= _USUAL else 3) - len(head)),
        form.paint(_cut(hint, form.width, form).rstrip(), Tone.FAINT),
        "",
        *_table(frame, form),
        *([""] if told else []),
        *told,
        *([""] if frame.events else []),
        *(_event(entry, form) for entry in reversed(frame.events)),
    ]


def _verdict(frame: Frame, form: Form) -> Iterator[str]:
    if frame.status:
        return verdict(frame.status.verdict, frame.status.project, form)
    return verdict(Overall(Level.DOWN, f"not known: {frame.trouble}", ""), "", form)


def _rows(frame: Frame) -> Iterator[Row]:
    """What goes on, and what is wrong."""
    now = datetime.fromisoformat(frame.at)
    found = frame.status
    yield from work(found, now) if found else ()
    if frame.draining:
        open_to = frame.connections.get(frame.draining)
        still = count(open_to, "open connection") if open_to else "requests in flight"
        yield row("draining", f"{frame.draining} for {frame.draining_seconds:.0f} s", still)
    if found:
        yield from (row("ending", str(one)) for one in found.finishing)
        yield from (https(host) for host in found.certificates if host.ails)
        yield from troubles(found)


def _table(frame: Frame, form: Form) -> Iterator[str]:
    """A row for each set, in columns of fixed widths; sparklines in the room that is left."""
    left = form.width - _TAKEN
    version = _WIDE if left >= _WIDE - _NARROW else _NARROW
    left -= version - _NARROW
    both = left >= 2 * (_SPARK + 1) + 2 * _SPARK
    spark = left // 2 - 1 if both else left - 1
    spark = spark if spark >= _SPARK else 0
    columns = [*_PLACE, ("version", version), *_NUMBERS]
    words = [_cut(name, width, form, right=at > 2) for at, (name, width) in enumerate(columns)]
    graphs = [*(["req/s"] if spark else []), *(["p99"] if spark and both else [])]
    heading = " ".join([*words, *(_cut(name, spark, form) for name in graphs)]).rstrip()
    yield form.paint(heading, Tone.STRONG)
    for name, flow in frame.traffic.items():
        cells = [*_place(frame, name), *_numbers(flow), _open(frame, name)]
        shown = [
            _cut(cell, width, form, right=at > 2)
            for at, (cell, (_, width)) in enumerate(zip(cells, columns, strict=True))
        ]
        if flow.errors:
            shown[4] = form.paint(shown[4], Tone.BAD)
        lines = (flow.rates, flow.p99s)[: len(graphs)]
        yield " ".join([*shown, *(form.fit(sparkline(each, spark)) for each in lines)]).rstrip()


def _cut(text: str, width: int, form: Form, right: bool = False) -> str:
    """The text in so many columns, and no other number."""
    shown = form.fit(clean(text))
    if cell_len(shown) > width:
        return set_cell_size(shown, max(width - 1, 0)) + form.fit("…")[: min(width, 1)]
    room = " " * (width - cell_len(shown))
    return room + shown if right else shown + room


def _place(frame: Frame, name: str) -> tuple[str, str, str]:
    """A set's name, whether it is live, and its version."""
    found = frame.status
    if found and found.live and found.live.set == name:
        return name, "live", found.live.version
    mine = next((c for c in found.containers if c.service == name), None) if found else None
    tag = mine.image.rpartition("/")[2].partition("@")[0].partition(":")[2] if mine else ""
    return name, "idle" if found and found.idle == name else "", tag or "-"


def _numbers(flow: SetTraffic) -> tuple[str, str, str, str]:
    p50, p99 = map(_milliseconds, (flow.p50_ms, flow.p99_ms))
    return f"{flow.per_second:,.1f}", f"{flow.errors:,}", p50, p99


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}" if value < 1000 else f"{value:,.0f}"


def _open(frame: Frame, name: str) -> str:
    open_to = frame.connections.get(name)
    return "-" if open_to is None else f"{open_to}"


def _latencies(flow: SetTraffic) -> str:
    return "-" if flow.p50_ms is None else f"{flow.p50_ms:g}/{flow.p99_ms:g} ms"


def _event(entry: Entry, form: Form) -> str:
    """A release: when, what, where, how it ended, how long it took, and by whom."""
    result = _cut(entry.result.words, 11, form)
    tone = _RESULTS.get(entry.result)
    by = f"by {entry.by}" + (", a rollback" if entry.kind is Kind.ROLLBACK else "")
    told = " ".join(
        [
            times.moment(entry.started),
            _cut(entry.tag, 11, form),
            _cut(entry.set, 4, form),
            form.paint(result, tone) if tone else result,
            _cut(times.span(entry.seconds), 11, form, right=True),
        ]
    )
    room = form.width - 62
    return f"{told}  {_cut(by, room, form).rstrip()}" if room > _SPARK else told.rstrip()
