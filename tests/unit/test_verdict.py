"""Did users fare worse? The rule, row by row."""

from __future__ import annotations

import time

import pytest

from fream_compose.verdict import Share, Verdict, judge


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        # Nothing or too little to compare.
        (Share(), Share(), Verdict.TOO_FEW),
        (Share(1000, 0, 30), Share(4, 0, 1), Verdict.TOO_FEW),
        (Share(1000, 0, 30), Share(4, 2, 1), Verdict.TOO_FEW),
        # All is well, or as bad as before.
        (Share(1000, 0, 30), Share(5, 0, 1), Verdict.NO_WORSE),
        (Share(1000, 10, 30), Share(1000, 10, 5), Verdict.NO_WORSE),
        (Share(1000, 10, 30), Share(1000, 19, 5), Verdict.NO_WORSE),
        (Share(20, 10, 30), Share(20, 12, 5), Verdict.NO_WORSE),
        (Share(1000, 0, 30), Share(1000, 2, 5), Verdict.NO_WORSE),
        # Fewer failures than one in a thousand are not told apart.
        (Share(1_000_000, 0, 30), Share(100_000, 60, 5), Verdict.NO_WORSE),
        # Worse, though not clearly.
        (Share(300, 0, 30), Share(3, 3, 0.1), Verdict.WORSE),
        (Share(41, 0, 30), Share(7, 7, 0.5), Verdict.WORSE),
        (Share(1000, 10, 30), Share(1000, 40, 5), Verdict.WORSE),
        (Share(1000, 0, 30), Share(1000, 20, 5), Verdict.WORSE),
        (Share(1000, 100, 30), Share(1000, 1000, 5), Verdict.WORSE),
        (Share(), Share(20, 20, 5), Verdict.WORSE),
        # Clear: most of ten or more, over a second, where the old one was good.
        (Share(5, 0, 30), Share(10, 6, 1.0), Verdict.FAILS),
        (Share(1000, 20, 30), Share(200, 200, 1.0), Verdict.FAILS),
        # Each condition of a clear failure, just missed.
        (Share(1000, 0, 30), Share(9, 9, 1.0), Verdict.WORSE),
        (Share(1000, 0, 30), Share(10, 10, 0.99), Verdict.WORSE),
        (Share(1000, 0, 30), Share(10, 5, 1.0), Verdict.WORSE),
        (Share(1000, 21, 30), Share(200, 200, 1.0), Verdict.WORSE),
        (Share(4, 0, 30), Share(200, 200, 1.0), Verdict.WORSE),
    ],
)
def test_the_rule(old: Share, new: Share, verdict: Verdict) -> None:
    assert judge(old, new) is verdict


def test_a_huge_log_is_judged_at_once() -> None:
    began = time.monotonic()

    assert judge(Share(5_000_000, 1, 30), Share(5_000_000, 2_000_000, 5)) is Verdict.WORSE

    assert time.monotonic() - began < 120


def test_what_came_since_a_look_is_counted_by_itself() -> None:
    assert Share(130, 30, 6.5).since(Share(100, 10, 5.0)) == Share(30, 20, 1.5)


def test_a_rate_reads_as_a_sentence() -> None:
    assert str(Share(200, 3)) == "3 of 200 (1.5%) failed"
    assert str(Share()) == "no requests"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Share(1000, 10, 30.0), Share(100, 3, 5.0)),  # three times the share, but by chance
        (Share(1000, 100, 30.0), Share(10000, 1500, 30.0)),  # no chance, but not twice the share
    ],
)
def test_more_failures_alone_are_no_verdict(old: Share, new: Share) -> None:
    assert judge(old, new) is Verdict.NO_WORSE
