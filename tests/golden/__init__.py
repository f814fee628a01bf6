"""Screens as they were looked at and found good, kept as files beside this one.

A test holds what is shown to its file; `FREAM_GOLDEN=renew pytest …` writes them anew, to be
read before they are committed.
"""

from __future__ import annotations

import os
from pathlib import Path

WIDTHS = (60, 80, 120)  # columns
_FOLDER = Path(__file__).parent


def holds(name: str, shown: str) -> None:
    """Whether a screen is what its file says. name: such as `status/down-80.txt`."""
    path = _FOLDER / name
    if os.environ.get("FREAM_GOLDEN") == "renew":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), f"{path} says something else"
