"""Waiting for something to become true, and never longer than needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import requests

from tests.stories.docker import CommandFailed

T = TypeVar("T")

POLL_SECONDS = 0.05


def eventually(look: Callable[[], T | None], seconds: float = 120.0) -> T:
    """What `look` returns once that is true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    seen: object = None
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
            seen = found
        except (requests.RequestException, CommandFailed) as error:
            seen = error
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {seconds:g} s; last seen: {seen!r}")
