"""Waiting for something to become true."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    look: Callable[[], T],
    deadline: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    every: float,
) -> T:
    """Look until what is seen is true. Returns what was seen last, which is false in the end.

    deadline: on the clock, in seconds; there is one look at least. pause: sleeps for seconds,
    and may raise. every: seconds between two looks.
    """
    while not (seen := look()) and clock() < deadline:
        pause(every)
    return seen
