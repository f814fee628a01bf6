"""What failed, for people and for programs."""

import textwrap
from collections.abc import Iterable
from typing import Any

from fream_compose.errors import FreamError
from fream_compose.text import clean
from fream_compose.times import stamped

_NARROWEST = 40  # columns, below which folding leaves too little on a line


def fields(error: FreamError) -> dict[str, Any]:
    """An error for programs."""
    return {
        "kind": type(error).__name__,
        "exit_code": error.exit_code,
        "what": error.what,
        "why": error.why,
        "logs": error.logs,
        "serving": error.serving,
        "next_step": error.next_step,
    }


def explained(error: FreamError, columns: int = 0) -> list[str]:
    """An error for people: what failed, why, log, serving, next.

    columns: that lines are folded to, but for those of a log; 0 for as long as they are.
    """
    told = [
        *_under("error: ", [error.what], columns),
        *_under("  why      ", error.why.splitlines(), columns),
        *(f"  log      {line}" for line in stamped(error.logs)),
        *_under("  serving  ", error.serving.splitlines(), columns),
        *_under("  next     ", error.next_step.splitlines(), columns),
    ]
    return [clean(line) for line in told]


def _under(label: str, lines: Iterable[str], columns: int) -> list[str]:
    """Lines with a label before the first, and the others set in as far."""
    folded = [part for line in lines for part in _folded(line, columns - len(label))]
    return [f"{' ' * len(label) if n else label}{part}" for n, part in enumerate(folded)]


def _folded(line: str, columns: int) -> list[str]:
    """A line in parts, none of whose words is cut: commands and paths are copied from here."""
    if columns < _NARROWEST:
        return [line]
    return textwrap.wrap(line, columns, break_long_words=False, break_on_hyphens=False) or [line]
