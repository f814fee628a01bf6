"""What a stream can show: colours, and lines that are drawn anew. Decided here and nowhere else."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO, cast

from fream_compose.cli.reports.stream import Tolerant

if TYPE_CHECKING:
    from rich.console import Console


class Tone(StrEnum):
    """What a colour means; its value is the style in rich's words.

    Of the sixteen colours that each terminal has in its own shades, so that they can be read on
    a light and on a dark background. FAINT is for what nobody misses who cannot read it.
    """

    BAD = "bold red"
    WARN = "bold yellow"
    GOOD = "green"
    STRONG = "bold"
    FAINT = "dim"


_CODES = {
    Tone.BAD: "1;31",
    Tone.WARN: "1;33",
    Tone.GOOD: "32",
    Tone.STRONG: "1",
    Tone.FAINT: "2",
}


def draws(stream: TextIO) -> bool:
    """Whether a person sits at a terminal that can draw a line anew."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def coloured(stream: TextIO) -> bool:
    """Whether a stream gets colour: a terminal, unless NO_COLOR, or where FORCE_COLOR asks for it.

    CLICOLOR_FORCE asks for it, too. Any value of NO_COLOR counts but the empty one.
    """
    if os.environ.get("NO_COLOR"):
        return False
    forced = (os.environ.get(name, "") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    return any(value not in ("", "0") for value in forced) or draws(stream)


def painted(text: str, tone: Tone, stream: TextIO) -> str:
    """The text in a tone, where the stream gets colour."""
    if not (text and coloured(stream)):
        return text
    return f"\033[{_CODES[tone]}m{text}\033[0m"


def console(stream: TextIO) -> "Console":
    """Rich's console on a stream, with the same colours; styles are named by Tone."""
    from rich.console import Console

    return Console(
        file=cast(TextIO, Tolerant(stream)),
        force_terminal=draws(stream),
        color_system="standard" if coloured(stream) else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
