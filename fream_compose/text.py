"""Text of foreign origin, made fit for a terminal and for whatever encoding it has."""

import json
import unicodedata

# Control and format characters (escape sequences, bidi), lone halves, line separators.
_UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_FIT = frozenset("\n\t\u200c\u200d")  # the last two join letters, and emoji
_LONGEST = 80  # characters of a value in a message
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


def encodable(text: str, encoding: str) -> str:
    """The text with replacements for what an encoding does not have."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = "".join("*" if ord(c) in _SPINNER else c for c in text.translate(_PLAIN))
        return plain.encode(encoding, "replace").decode(encoding)
    return text


def given(value: object) -> str:
    """A value as it may stand in a file, for a message; cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
