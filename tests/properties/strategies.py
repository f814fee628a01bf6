"""Input for parsers: nearly valid, torn, and wild."""

from __future__ import annotations

import json
import string
from copy import deepcopy
from math import inf, nan
from typing import Any

from hypothesis import strategies as st

Text = st.SearchStrategy[str]
_HUGE = "@huge@"  # stands for a number of more digits than Python reads
DIGITS = "9" * 5_000
# What has a meaning somewhere, or is no character at all.
_ODD = [
    *"\0\n\r\t\x0b\x85\u2028\u202e\u200d\ud800\udcff\U0010ffff\ufffd\u0663\"'\\$#=:@/%{}<.,; -",
    *("\x1b[2J", "&#", "none", "nan", "inf", "1e999", "null", DIGITS, "0" * 70, "-1", "1_0", "0x_"),
    *("2001-99-99", "00010101T000000Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"),
    *("sha256:" + "a" * 64, "set1", "set2", "&#9999999999;"),
]
ANY_TEXT: Text = st.text(st.characters(exclude_categories=()), max_size=20)
PLAIN: Text = st.text(max_size=20)  # that can be written: no lone halves
ODD: Text = ANY_TEXT | st.lists(st.sampled_from(_ODD), max_size=4).map("".join)
LINE: Text = PLAIN.filter(lambda text: "\n" not in text)
_SINGLE = st.sampled_from([None, True, False, 0, -1, 10**20, 0.5, nan, inf, _HUGE, "", "a"]) | ODD
VALUES: st.SearchStrategy[Any] = st.one_of(
    _SINGLE,
    st.integers(),
    st.floats(),
    st.lists(_SINGLE | st.just([]) | st.just({}), max_size=2),
    st.dictionaries(st.sampled_from(["", "set", "id", "Name"]) | ODD, _SINGLE, max_size=2),
)
_DEEP = ("[" * 100_000, '{"a":' * 5_000, "[" * 600 + "]" * 600, '{"a":' * 300 + "1" + "}" * 300)
TAGS: Text = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=3).flatmap(
    lambda first: st.text(string.ascii_letters + "._-0", max_size=20).map(lambda rest: first + rest)
)
DIGESTS: Text = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
VERSIONS: Text = TAGS | DIGESTS | st.builds("{}@{}".format, TAGS, DIGESTS)
ZONES = st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Seoul"])
SWITCHES: Text = st.text(string.ascii_letters + string.digits + "-", max_size=64)


@st.composite
def mutated(draw: st.DrawFn, valid: Any) -> Any:
    """A valid value, of which up to three parts are missing or of another kind."""
    whole: dict[Any, Any] = {"": deepcopy(valid)}
    for _ in range(draw(st.integers(0, 3))):
        place: Any = whole
        key: Any = ""
        while isinstance(inner := place[key], dict | list) and inner and draw(st.integers(0, 3)):
            keys = list(inner) if isinstance(inner, dict) else range(len(inner))
            place, key = inner, draw(st.sampled_from(keys))
        if place is not whole and draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(VALUES)
    return whole[""]


def dumps(value: Any) -> str:
    """As JSON, with numbers that no Python would write."""
    return json.dumps(value).replace(f'"{_HUGE}"', DIGITS)


def documents(valid: Any) -> Text:
    """JSON of nearly this value; JSON that is torn, or another; and what is none."""
    near = mutated(valid).map(dumps)
    torn = st.builds(lambda text, end: text[:end], near, st.integers(0, 400))
    return st.one_of(near, near, near, torn, VALUES.map(dumps), st.sampled_from(_DEEP), ODD)


def raw(text: Text) -> st.SearchStrategy[bytes]:
    """Text as bytes that may be no text, or bytes."""
    return text.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)


def lines(*valid: str) -> Text:
    """Lines that are nearly these: with something put in, cut off, or another's."""

    def spoilt(line: str, where: int, put: str, taken: int) -> str:
        place = where % (len(line) + 1)
        return line[:place] + put + line[place + taken :]

    near = st.builds(
        spoilt, st.sampled_from(valid), st.integers(0, 500), ODD, st.sampled_from([0, 0, 1, 5, 999])
    )
    return st.sampled_from(valid) | near | ODD


def texts(*valid: str) -> Text:
    """Several of such lines."""
    return st.lists(lines(*valid), max_size=5).map("\n".join)
