"""The history for people: a row for each run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from rich.cells import cell_len

from fream_compose import times
from fream_compose.cli.colour import Tone
from fream_compose.cli.form import PIPE, Form, cut
from fream_compose.project.entry import Entry, Kind, Result
from fream_compose.release import read_moment
from fream_compose.text import clean, count

_COLUMNS = ("id", "when", "what", "from → to", "result", "took", "by", "traffic or why")
# What goes to a line below where there is no room for it.
_BELOW: tuple[tuple[str, ...], ...] = (
    (),
    _COLUMNS[-2:],
    _COLUMNS[-3:],
    ("from → to", *_COLUMNS[-3:]),
)
# What a column that may be cut has room for in any case.
_ENOUGH = {
    "from → to": "1.0.0 → 1.0.1",
    "by": "deploy@serv…",
    "traffic or why": "1,234 served, 0 failed",
}
_BAD = (Result.FAILING, Result.FAILED, Result.INTERRUPTED, Result.CUT_BACK)
_GAP = "  "  # between two columns
_INDENT = 8
_ARROW = " → "


@dataclass(frozen=True)
class _Row:
    """The cells of a row by their columns. bad: whether it ended as nobody wants it."""

    cells: Mapping[str, str]
    bad: bool = False


def table(entries: Sequence[Entry], now: datetime, form: Form = PIPE) -> list[str]:
    """A row for each run, in their order, under headings.

    In a pipe nothing is cut. At a terminal what does not fit beside the rest goes below it.
    """
    zone = {"when": f"when ({times.zone(now)})"}
    heading = _Row({name: form.fit(zone.get(name, name)) for name in _COLUMNS})
    rows = [heading, *(_row(entry, now, form) for entry in entries)]
    most = {name: max(cell_len(row.cells[name]) for row in rows) for name in _COLUMNS}
    widths = _beside(most, form)
    lines = []
    for row in rows:
        lines.append(_line(row, widths, form))
        rest = [row.cells[name] for name in _COLUMNS if name not in widths]
        lines += _below(rest, form) if row is not heading else []
    return lines


def line(entry: Entry) -> str:
    """One run in a line of its own."""
    cells = _row(entry, read_moment(entry.started), PIPE).cells
    return _GAP.join(cells[name] for name in _COLUMNS[1:])


def folded(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Without the repetitions of a repair that fails each few minutes in the same way."""
    for _, group in groupby(entries, _sameness):
        *before, last = group
        again = f" ({len(before) + 1} times in a row)"
        yield replace(last, why=f"{_first(last.why)}{again}") if before else last


def _sameness(entry: Entry) -> tuple[str, str]:
    again = entry.kind is Kind.RECOVER and entry.result is Result.FAILED
    return (entry.kind, entry.why) if again else (entry.id, "")


def _row(entry: Entry, now: datetime, form: Form) -> _Row:
    was, to = entry.replaced_tag, entry.tag
    cells = (
        entry.short_id,
        times.moment(entry.started),
        entry.kind,
        f"{was}{_ARROW}{to}" if was else to,
        entry.result.words,
        _took(entry, now),
        entry.by,
        _told(entry),
    )
    shown = (form.fit(clean(" ".join(cell.split()))) for cell in cells)
    return _Row(dict(zip(_COLUMNS, shown, strict=True)), entry.result in _BAD)


def _took(entry: Entry, now: datetime) -> str:
    if entry.result is Result.RUNNING:
        return times.span(max(0.0, (now - read_moment(entry.started)).total_seconds()))
    # When it was killed nobody knows.
    return "" if entry.result is Result.INTERRUPTED else times.span(entry.seconds)


def _told(entry: Entry) -> str:
    """What users noticed of a release, why a run failed, or else what it did; and the note."""
    if entry.result in (Result.DONE, Result.FAILING):
        parts = _of_release(entry) if entry.of_release else _did(entry)
    else:
        parts = [_first(entry.why)]
    return "; ".join(filter(None, [*parts, entry.note and f"note: {entry.note}"]))


def _of_release(entry: Entry) -> list[str]:
    return [
        _proof(entry),
        "settings" if entry.settings else "",
        "no way back behind it" if entry.no_way_back else "",
        count(len(entry.warnings), "warning") if entry.warnings else "",
    ]


def _did(entry: Entry) -> list[str]:
    """The steps of a run that brought no release."""
    return [title.removeprefix("Repair: ") for title in entry.steps]


def _first(text: str) -> str:
    return next(iter(text.splitlines()), "").rstrip(": ")


def _proof(entry: Entry) -> str:
    served, failed = entry.evidence.get("served"), entry.evidence.get("failed")
    if not (isinstance(served, int) and isinstance(failed, int)):
        return ""
    return f"{served:,} served, {failed:,} failed" if served or failed else "no requests"


def _beside(most: Mapping[str, int], form: Form) -> dict[str, int]:
    """The columns that stand beside each other, each with its width."""
    if not form.width:
        return dict(most)
    enough = {name: cell_len(form.fit(sample)) for name, sample in _ENOUGH.items()}
    for below in _BELOW:
        named = [name for name in _COLUMNS if name not in below]
        widths = {name: min(most[name], enough.get(name, most[name])) for name in named}
        spare = form.width - sum(widths.values()) - len(_GAP) * (len(widths) - 1)
        if spare >= 0:
            break
    for name, share in (("by", 3), (_COLUMNS[-1], 1), ("from → to", 1)):
        if name in widths:
            more = min(max(0, spare) // share, most[name] - widths[name])
            widths[name], spare = widths[name] + more, spare - more
    return widths


def _line(row: _Row, widths: Mapping[str, int], form: Form) -> str:
    shown = []
    for name, width in widths.items():
        cell = _shortened(row.cells[name], width, form)
        painted = form.paint(cell, Tone.BAD) if row.bad and name == "result" else cell
        shown.append(painted + " " * (width - cell_len(cell)))
    return _GAP.join(shown).rstrip()


def _below(cells: Sequence[str], form: Form) -> list[str]:
    """What has no place beside the rest: why on a line of its own, unless there is room for it."""
    if not cells:
        return []
    *parts, why = cells
    room = form.width - _INDENT
    change, *others = [part for part in parts if part] or [""]
    least = sum(cell_len(part) + len(_GAP) for part in others)
    line = _GAP.join([_shortened(change, max(room - least, room // 2), form), *others])
    if cell_len(line) + len(_GAP) + cell_len(why) <= room:
        lines = [_GAP.join(filter(None, (line, why)))]
    else:
        lines = [line, why]
    return [" " * _INDENT + cut(each, room, form.fit("…")) for each in lines if each]


def _shortened(cell: str, width: int, form: Form) -> str:
    """The cell in so many columns; of a change both sides are shown, however long they are."""
    arrow, dots = form.fit(_ARROW), form.fit("…")
    was, found, to = cell.partition(arrow)
    room = width - cell_len(arrow)
    if cell_len(cell) <= width or not found:
        return cut(cell, width, dots)
    first = min(cell_len(was), max(room // 2, room - cell_len(to)))
    return cut(was, first, dots) + arrow + cut(to, room - first, dots)
