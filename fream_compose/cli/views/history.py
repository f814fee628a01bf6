"""The history for people."""

from collections.abc import Sequence
from datetime import datetime

from fream_compose.project.history import Entry, HookRun, Kind
from fream_compose.release import SetName

_WHY_WIDTH = 70
_HEADINGS = ("id", "when", "version", "set", "took", "by", "how it ended")


def table(entries: Sequence[Entry]) -> list[str]:
    """A line for each release, in their order, under headings."""
    rows = [_HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def line(entry: Entry) -> str:
    """One release in a line of its own."""
    return "  ".join(_row(entry)[1:])


def details(entry: Entry) -> list[str]:
    """All that is known of a release."""
    before = entry.replaced.partition("@")[0]
    parts: dict[str, list[str]] = {
        "id": [entry.id],
        "kind": [entry.kind],
        "version": [entry.version],
        "set": [entry.set + (f", in place of {before}" if before else "")],
        "started": [_when(entry)],
        "by": [entry.by],
        "result": [f"{entry.result} after {entry.seconds:.1f}s"],
        "steps": _steps(entry.steps),
        "why": entry.why.splitlines(),
        "warnings": list(entry.warnings),
        "hooks": [line for hook in entry.hooks for line in _hook(hook)],
        "evidence": _evidence(entry),
    }
    return [
        f"{label if first else '':<9} {_printable(text)}"
        for label, lines in parts.items()
        for first, text in zip([True] + [False] * len(lines), lines, strict=False)
    ]


def _row(entry: Entry) -> tuple[str, ...]:
    cells = (
        entry.short_id,
        _when(entry),
        entry.version.partition("@")[0],
        entry.set,
        f"{entry.seconds:.1f}s",
        entry.by,
        _ended(entry),
    )
    return tuple(map(_printable, cells))


def _ended(entry: Entry) -> str:
    if entry.served:
        notes = ["users fare worse"] if entry.worse else []
        notes += ["went back"] if entry.kind is Kind.ROLLBACK else []
        notes += [proof] if (proof := _proof(entry)) else []
        notes += ["with warnings"] if entry.warnings else []
        return "; ".join(["done", *notes])
    why = next(iter(entry.why.splitlines()), "").rstrip(": ") or entry.result
    return f"failed; {why if len(why) <= _WHY_WIDTH else why[: _WHY_WIDTH - 1] + '…'}"


def _proof(entry: Entry) -> str:
    served, failed = entry.evidence.get("served"), entry.evidence.get("failed")
    known = isinstance(served, int) and isinstance(failed, int)
    if known and not (served or failed):
        return "no requests"
    return f"{served:,} served, {failed:,} failed" if known else ""


def _steps(steps: dict[str, float]) -> list[str]:
    width = max(map(len, steps), default=0)
    return [f"{title:<{width}}  {seconds:6.2f}s" for title, seconds in steps.items()]


def _hook(hook: HookRun) -> list[str]:
    head = f"{hook.run}: {hook.result} after {hook.seconds:.1f}s"
    return [head, *(f"  {line}" for line in hook.output.splitlines())]


def _evidence(entry: Entry) -> list[str]:
    # Imported for one release in full only: the list must be there at once.
    from pydantic import TypeAdapter

    from fream_compose.cli.views.evidence import told
    from fream_compose.nginx.evidence import Evidence

    if not entry.evidence:
        return ["none was recorded"]
    try:
        evidence = TypeAdapter(Evidence).validate_python(entry.evidence)
        return told(evidence, SetName(entry.set))
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return ["cannot be read; see --output json"]


def _when(entry: Entry) -> str:
    return f"{datetime.fromisoformat(entry.started).astimezone():%Y-%m-%d %H:%M:%S}"


def _printable(text: str) -> str:
    """Without what could move a terminal's cursor: an app's own words may be among it."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)
