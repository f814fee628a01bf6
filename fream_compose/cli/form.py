"""How lines are shown on a stream: how wide, in which colours, with which glyphs."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from fream_compose.cli.colour import Tone, painted
from fream_compose.cli.reports.stream import Tolerant


def _unpainted(text: str, _tone: Tone) -> str:
    return text


@dataclass(frozen=True)
class Form:
    """How lines are shown: those of a pipe, or of a terminal.

    width: its columns; 0 for lines of any length. paint: colours a text. fit: puts ASCII in
    place of what it has no glyphs for.
    """

    width: int = 0
    paint: Callable[[str, Tone], str] = _unpainted
    fit: Callable[[str], str] = str


PIPE = Form()


def size_of(stream: TextIO | Tolerant) -> tuple[int, int]:
    """The columns and lines of a terminal now; 0 for what is none, and where nobody knows.

    COLUMNS and LINES do not count: they say how large it was when somebody exported them.
    """
    if stream.isatty():
        with suppress(OSError, ValueError):
            found = os.get_terminal_size(stream.fileno())
            return found.columns, found.lines
    return 0, 0


def columns_of(stream: TextIO | Tolerant) -> int:
    """How wide a terminal is now; 0 for what is none, and where nobody knows."""
    return size_of(stream)[0]


def cut(text: str, columns: int, dots: str = "…") -> str:
    """The text, or its beginning and dots, in so many columns; empty where there is no room."""
    from rich.cells import cell_len, set_cell_size  # which a log need not wait for

    if cell_len(text) <= columns:
        return text
    room = columns - cell_len(dots)
    return set_cell_size(text, room).rstrip() + dots if room > 0 else ""


def form_of(stream: TextIO, width: int = 0) -> Form:
    """That of a stream; at a terminal by its width, unless that is given."""
    width = width or columns_of(stream)
    return Form(width, lambda text, tone: painted(text, tone, stream), Tolerant(stream).fitted)
