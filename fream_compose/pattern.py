"""Regular expressions of the user's own, held against text from outside: each ends in time."""

import math
import re

SECONDS = 1.0  # for one search; a good pattern takes milliseconds
_REPEATS = 100_000  # a counted repetition is written out when it is compiled


class TooSlow(Exception):
    """A search that was given up."""


def reject_faulty(text: str) -> None:
    """Raise ValueError for what is no regular expression, or a monstrous one."""
    import regex  # only for those who set a pattern: it takes a while

    counts = re.findall(r"\{(?:\d*,)?(\d+)", text)
    if math.prod(max(1, int(count)) for count in counts) > _REPEATS:
        raise ValueError(f"repeats more than {_REPEATS:,} times")
    try:
        regex.compile(text)
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error


def found(text: str, within: str) -> bool:
    """Whether a pattern is anywhere in a text. Raises TooSlow after a second."""
    import regex

    try:
        return regex.search(text, within, timeout=SECONDS) is not None
    except TimeoutError as error:
        raise TooSlow(f"took longer than {SECONDS:g} s") from error
