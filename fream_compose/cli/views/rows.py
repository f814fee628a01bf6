"""Rows of a screen: a label, and parts beside it that go on below where they do not fit."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.cells import cell_len

from fream_compose.cli.colour import Tone
from fream_compose.cli.form import PIPE, Form
from fream_compose.text import clean

_LABEL = 8  # columns
_WORDS = re.compile(r"\([^()\s]+(?: [^()\s]+){1,4}\)\S*|\S+")  # one in brackets stays whole


class Row(NamedTuple):
    """A row. parts: what is taken apart last. tone: of the label."""

    label: str
    parts: tuple[str, ...]
    tone: Tone | None = None


def row(label: str, *parts: str, tone: Tone | None = None) -> Row:
    """A row of those parts that are not empty."""
    return Row(label, tuple(part for part in parts if part), tone)


def joined(text: str) -> str:
    """Foreign words, of however many lines, as a part of one line."""
    return " ".join(line for each in clean(text).splitlines() if (line := each.strip()))


def flowed(parts: Iterable[str], room: int, joint: str = "  ") -> Iterator[str]:
    """Lines of at most so many columns; a line ends between parts, or else between words.

    room: 0 for one line of any length. A word that is too long stays whole: it may be a path or
    a command, which somebody copies.
    """
    line = ""
    for part in parts:
        together = f"{line}{joint}{part}" if line else part
        if not room or cell_len(together) <= room:
            line = together
            continue
        if line:
            yield line
        words = _WORDS.findall(part)
        if cell_len(part) > room and len(words) > 1:
            *full, part = flowed(words, room, " ")
            yield from full
        line = part
    if line:
        yield line


def lines_of(rows: Iterable[Row], form: Form = PIPE) -> Iterator[str]:
    """The rows as lines; what goes on below hangs beside its label."""
    indent = " " * (_LABEL + 1)
    room = max(form.width - len(indent), 1) if form.width else 0
    for label, parts, tone in rows:
        head = f"{label:<{_LABEL}}"
        head = f"{form.paint(head, tone) if tone else head} "
        for line in [*flowed((form.fit(joined(part)) for part in parts), room)] or [""]:
            yield f"{head}{line}".rstrip()
            head = indent
