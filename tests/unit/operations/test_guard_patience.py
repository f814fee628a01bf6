"""One bad look does not end a release that is guarded; two in a row do."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fream_compose.errors import GuardError
from fream_compose.operations.guard import Guard
from fream_compose.project.x_fream import Guard as Settings
from fream_compose.release import SetName
from fream_compose.verdict import Share

OLD = Share(100, 0, 10.0)


def guarded(
    faults: tuple[str, ...] = (),
    unreached: tuple[Share, ...] = (Share(),),
    shares: tuple[Share, ...] = (Share(),),
) -> int:
    """How many looks a guard takes at a release that fares so; 0 where it does not end it.

    faults: of its answers. unreached, shares: its requests so far, the last for good.
    """
    now, looks = [0.0], [0]

    def look(_patience: float) -> str:
        now[0] += 1.0
        looks[0] += 1
        return faults[looks[0] - 1] if looks[0] <= len(faults) else ""

    def at(all_looks: tuple[Share, ...]) -> Share:
        return all_looks[min(looks[0], len(all_looks)) - 1]

    checks: Any = SimpleNamespace(look=look, patience=0.5, changed=lambda: "")
    asked: dict[str, Callable[[SetName], object]] = {
        "unreached": lambda _name: at(unreached),
        "shares": lambda _name: (OLD, at(shares)),
    }
    recorder: Any = SimpleNamespace(**asked)
    guard = Guard(checks, recorder, SetName.SET2, Settings(), lambda: now[0], lambda _seconds: None)
    for _ in range(8):
        now[0] += 1.0
        try:
            guard.check()
        except GuardError:
            return looks[0]
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
    assert guarded(faults) == ends


@pytest.mark.parametrize(
    ("unreached", "ends"),
    [
        ((Share(10, 5), Share(20, 10)), 2),
        ((Share(10, 0), Share(20, 0), Share(30, 5), Share(40, 10)), 4),
        # In one look only: whatever it was, it is over.
        ((Share(10, 5), Share(20, 5)), 0),
        # Two requests in all.
        ((Share(10, 1), Share(20, 2)), 0),
        # Few among many.
        ((Share(100, 3), Share(200, 6)), 0),
    ],
)
def test_a_release_for_which_nginx_answers_again_and_again_is_ended(
    unreached: tuple[Share, ...], ends: int
) -> None:
    assert guarded(unreached=unreached) == ends


@pytest.mark.parametrize(
    ("shares", "ends"),
    [
        ((Share(100, 0, 5.0), Share(110, 10, 5.5), Share(130, 30, 6.5)), 3),
        ((Share(100, 0, 5.0), Share(110, 2, 5.5), Share(130, 6, 6.5)), 0),
    ],
)
def test_a_release_is_judged_by_its_last_seconds(shares: tuple[Share, ...], ends: int) -> None:
    assert guarded(shares=shares) == ends
