"""A duration is read and written in one way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fream_compose.project.durations import duration, duration_or_zero, seconds_of, shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("5s", 5), ("1.5m", 90), ("1h", 3600), (" 2s ", 2), ("24h", 86400)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["\uff15s", "\u0663m", "s", "-1s", "1e3s", "1 s", "25h"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is not a duration"):
        duration(text)


@pytest.mark.parametrize("text", ["0", "0s", "0ms", " 0h "])
def test_a_guard_may_last_no_time(text: str) -> None:
    assert duration_or_zero(text) == timedelta()


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m10s", 70), ("10s", 10), ("1h0m0.5s", 3600.5), ("500ms", 0.5)]
)
def test_compose_writes_several_units_in_one(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["1h", "90s", "5m", "200ms", "70s"])
def test_what_is_shown_reads_as_the_same(text: str) -> None:
    assert shown(duration(text).total_seconds()) == text.replace("60m", "1h")
