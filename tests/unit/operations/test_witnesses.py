"""What is live, by the first witness that can be believed: every row of the table."""

from __future__ import annotations

from typing import Any

import pytest

from fream_compose.operations.witnesses import Finding, Witnesses, judge
from fream_compose.release import LiveRelease, SetName, Version

ONE, TWO = SetName.SET1, SetName.SET2
A = LiveRelease(ONE, Version("1.0"), "a")
B = LiveRelease(TWO, Version("2.0"), "b")
OTHER_ONE = LiveRelease(ONE, Version("9.9"), "c")


def told(**says: Any) -> Witnesses:
    """nginx answers that nothing is live, and nobody says anything, but for what is given."""
    return Witnesses(**{"silent": False, "answer": None, "included": None, **says})


def runs(*lives: LiveRelease, well: bool = True) -> dict[str, Any]:
    """Containers of these releases, which answer well or not."""
    return {
        "containers": {live.set: live.version for live in lives},
        "healthy": frozenset(live.set for live in lives) if well else frozenset(),
    }


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        # nginx's own answer counts before everybody else's
        (told(answer=A, included=A), Finding(A)),
        (told(answer=A, included=B, env=B, released=B, **runs(B)), Finding(A)),
        (told(answer=A), Finding(A)),
        # nginx has lost it: the include, then .env, then the history, where it runs well
        (told(included=B, env=A, released=A, **runs(A, B)), Finding(B, lost=True)),
        (told(env=A, released=B, **runs(A, B)), Finding(A, lost=True)),
        (told(env=A, **runs(A)), Finding(A, lost=True)),
        (told(released=A, **runs(A)), Finding(A, lost=True)),
        (told(included=B, env=A, **runs(A)), Finding(A, lost=True)),
        (told(env=B, released=A, **runs(A)), Finding(A, lost=True)),
        (told(env=A, containers={ONE: None}, healthy=frozenset({ONE})), Finding(A, lost=True)),
        # named by .env and one more, but not well: it must be started first
        (told(env=A, released=A), Finding(A, lost=True)),
        (told(included=A, env=A), Finding(A, lost=True)),
        (told(env=A, **runs(A, well=False)), Finding(A, lost=True)),
        # what runs well and is named comes before what would have to be started
        (told(env=A, included=A, released=B, **runs(B)), Finding(B, lost=True)),
        # nobody can be believed
        (told(), Finding(None)),
        (told(env=A), Finding(None)),
        (told(released=A), Finding(None)),
        (told(included=A), Finding(None)),
        (told(env=A, released=B), Finding(None)),
        (told(**runs(A, B)), Finding(None)),
        (told(released=A, **runs(A, well=False)), Finding(None)),
        (told(released=A, **runs(OTHER_ONE)), Finding(None)),
        (told(included=A, **runs(OTHER_ONE)), Finding(None)),
        # nginx gives no answer: the include is what it will read
        (told(silent=True, included=B, env=A, **runs(A)), Finding(B)),
        (told(silent=True, env=A, **runs(A)), Finding(A)),
        (told(silent=True, env=A, released=A), Finding(A)),
        (told(silent=True, released=A), Finding(None)),
        (told(silent=True), Finding(None)),
    ],
)
def test_what_is_live_is_what_the_witnesses_agree_on(seen: Witnesses, found: Finding) -> None:
    assert judge(seen) == found
