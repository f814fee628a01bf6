"""One bad answer does not end a release that is guarded; two in a row do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fream_compose.errors import GuardError
from fream_compose.guard import Guard
from fream_compose.release import SetName
from fream_compose.settings import Guard as Settings
from fream_compose.verdict import Share


def guarded(*faults: str) -> int:
    """How many looks a guard takes at a release that answers so."""
    now, left = [0.0], list(faults)

    def look(_patience: float) -> str:
        now[0] += 1.0
        return left.pop(0) if left else ""

    checks: Any = SimpleNamespace(fault=look, patience=0.5, changed=lambda: "")
    recorder: Any = SimpleNamespace(
        unreached=lambda _name: Share(), shares=lambda _name: (Share(), Share())
    )
    guard = Guard(checks, recorder, SetName.SET2, Settings(), lambda: now[0], lambda _seconds: None)
    for looks in range(1, 9):
        now[0] += 1.0
        try:
            guard.check()
        except GuardError:
            return looks
    return 0


@pytest.mark.parametrize(
    ("faults", "ends"),
    [
        ((), 0),
        (("slow",), 0),
        (("slow", "", "slow", "", "slow"), 0),
        (("slow", "slow"), 2),
        (("", "", "slow", "slow"), 4),
    ],
)
def test_two_bad_answers_in_a_row_end_a_release(faults: tuple[str, ...], ends: int) -> None:
    assert guarded(*faults) == ends
