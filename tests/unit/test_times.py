"""Moments and durations have one form, in the server's zone or in UTC."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from fream_compose import times

WHEN = datetime(2026, 11, 27, 11, 9, 35, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_zone() -> Iterator[None]:
    times.use_utc(False)
    yield
    times.use_utc(False)


@pytest.fixture(params=["Asia/Seoul", "America/Sao_Paulo", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The zone of the server."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_a_moment_is_told_in_the_zone_of_the_server(zone: str) -> None:
    told = {
        "Asia/Seoul": ("2026-11-27 20:09:35", "20:09:35", "KST, UTC+09:00"),
        "America/Sao_Paulo": ("2026-11-27 08:09:35", "08:09:35", "UTC-03:00"),
        "UTC": ("2026-11-27 11:09:35", "11:09:35", "UTC"),
    }

    assert (times.moment(WHEN), times.clock(WHEN), times.zone(WHEN)) == told[zone]
    assert times.moment(WHEN.isoformat()) == times.moment(WHEN)


@pytest.mark.usefixtures("zone")
def test_all_are_told_in_utc_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    times.use_utc(True)

    assert times.moment(WHEN) == "2026-11-27 11:09:35"
    assert times.zone(WHEN) == "UTC"
    monkeypatch.setattr(times, "now", lambda: WHEN + timedelta(minutes=3))
    assert times.since(WHEN) == "2026-11-27 11:09:35 UTC (3 min ago)"


def test_a_moment_in_a_sentence_names_its_zone_shortly(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "now", lambda: WHEN - timedelta(hours=4))

    told = times.since(WHEN)

    short = {"Asia/Seoul": "KST", "America/Sao_Paulo": "UTC-03:00", "UTC": "UTC"}[zone]
    assert told == f"{times.moment(WHEN)} {short} (in 4 h)"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (0.04, "0.0 s"),
        (3.44, "3.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (34.4, "34 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3599.7, "1 h"),
        (11040, "3 h 4 min"),
        (86399.9, "1 d"),
        (5 * 86400, "5 d"),
        (5 * 86400 + 7200, "5 d 2 h"),
    ],
)
def test_a_duration_has_its_two_greatest_units(seconds: float, said: str) -> None:
    assert times.span(seconds) == said


def test_an_age_is_told_from_now() -> None:
    assert times.ago(WHEN, WHEN + timedelta(seconds=0.3)) == "just now"
    assert times.ago(WHEN, WHEN + timedelta(seconds=4.2)) == "4 s ago"
    assert times.ago(WHEN, WHEN + timedelta(seconds=42)) == "42 s ago"
    assert times.ago(WHEN, WHEN - timedelta(days=60)) == "in 60 d"


def test_lines_of_a_log_begin_with_the_time_of_day_and_say_the_zone_once() -> None:
    now = datetime.now(UTC).replace(hour=12, microsecond=0)
    times.use_utc(True)
    before = now - timedelta(days=2)
    lines = [f"{at:%Y-%m-%dT%H:%M:%S}Z {word}" for at, word in [(before, "old"), (now, "new")]]

    assert times.stamped([*lines, "… 3 more like it", "2026-99-99T11:09:35Z"]) == [
        f"{before:%Y-%m-%d %H:%M:%S} UTC  old",
        f"{now:%H:%M:%S}      new",
        "… 3 more like it",
        "2026-99-99T11:09:35Z",
    ]


def test_lines_without_a_moment_are_as_they_are() -> None:
    assert times.stamped(["Traceback:", "", "  Z z"]) == ["Traceback:", "", "  Z z"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (0.5, "0.5 s"), (90, "90 s"), (100, "100 s"), (300, "5 min"), (7200, "2 h")],
)
def test_a_limit_is_told_in_the_largest_unit_that_divides_it(seconds: float, told: str) -> None:
    assert times.limit(seconds) == told
