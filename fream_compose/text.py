"""Text of foreign origin, made fit for a terminal and for whatever encoding it has."""

import json
import unicodedata

# Control and format characters (escape sequences, bidi), lone halves, line separators.
_UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FIT = frozenset("\n\t\u200c\u200d")  # the last two join letters, and emoji
_LONGEST = 80  # characters of a value in a message
_LINE = 200  # characters of a line of somebody's
_INSTEAD = "\N{REPLACEMENT CHARACTER}"
# Where a terminal cannot show what we draw.
_PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "…": "...", "·": "-", "→": "->"}
    | dict(zip("▁▂▃▄▅▆▇█", "_.-~=+*#", strict=True))
)
_SPINNER = range(0x2800, 0x2900)


def clean(text: str) -> str:
    """The text without what would steer a terminal or turn its words around."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in _FIT or unicodedata.category(c) not in _UNFIT else _INSTEAD for c in text
    )


def one_line(text: str) -> str:
    """Foreign words as one line, cut short, that may be shown and kept."""
    line = " ".join(clean(text).split())
    return line if len(line) <= _LINE else f"{line[:_LINE]}…"


def encodable(text: str, encoding: str) -> str:
    """The text with replacements for what an encoding does not have."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return plain(text).encode(encoding, "replace").decode(encoding)
    return text


def plain(text: str) -> str:
    """The text with what we draw in ASCII: marks, arrows, bars, spinners."""
    return "".join("*" if ord(c) in _SPINNER else c for c in text.translate(_PLAIN))


def count(number: int, thing: str) -> str:
    """How many of a thing, such as `1 request` or `2,500 requests`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def given(value: object) -> str:
    """A value as it may stand in a file, for a message; cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
