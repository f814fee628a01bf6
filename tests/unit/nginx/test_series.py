"""The requests of a switch over time."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import asdict
from itertools import pairwise

import pytest

from fream_compose.nginx.evidence import Tally
from fream_compose.nginx.series import Series, series_of
from fream_compose.release import SetName
from tests.fakes.log import access_line, error_line

BEGAN = 1000.0
LONG_AGO = 0.0


def series(*lines: str, ended: float = 20.0, cut_over: float | None = 10.0) -> Series:
    """Of a switch that took so many seconds."""
    tally = Tally(BEGAN)
    tally.read(access_line(LONG_AGO))
    for line in lines:
        tally.read(line)
    moved = None if cut_over is None else BEGAN + cut_over
    found = tally.evidence(BEGAN + ended, moved, SetName.SET2).series
    assert found
    return found


def at(after: float, name: str = "set1", status: int = 200, **more: object) -> str:
    """A request that was answered so many seconds after the begin."""
    return access_line(BEGAN + after, name, status, **more)


def test_requests_are_counted_where_they_were_answered() -> None:
    found = series(at(-1.2), at(0.1), at(0.4), at(9.99), at(10.1, "set2"), at(10.2, "set2", 500))

    parts = list(pairwise(found.edges))
    old, new = found.by_set["set1"], found.by_set["set2"]
    shown = {parts[n]: count for n, count in enumerate(old.requests) if count}
    assert shown == {(-1.5, -1.0): 1, (0.0, 0.5): 2, (9.5, 10.0): 1}
    assert [n for n, count in enumerate(new.requests) if count] == [parts.index((10.0, 10.5))]
    assert sum(new.failed) == 1
    assert sum(old.failed) == 0


def test_latencies_are_told_where_there_are_requests() -> None:
    found = series(*(at(10.1, "set2", seconds=n / 100) for n in range(1, 101)))

    course = found.by_set["set2"]
    part = found.edges.index(10.0)
    assert (course.p50_ms[part], course.p99_ms[part]) == (500.0, 990.0)
    assert course.p50_ms[part + 1] is None


@pytest.mark.parametrize(
    "fields",
    [{"completion": "", "status": 499}, {"name": "maintenance", "status": 503}],
)
def test_what_clients_gave_up_and_maintenance_is_none_of_it(fields: dict[str, object]) -> None:
    assert series(at(1, **{"name": "set1", **fields})).by_set == {}  # type: ignore[arg-type]


def test_a_websocket_is_a_request_without_a_latency() -> None:
    course = series(at(1, status=101, seconds=60.0)).by_set["set1"]

    assert sum(course.requests) == 1
    assert set(course.p50_ms) == {None}


def test_what_turns_out_to_be_broken_off_has_failed() -> None:
    late = error_line(BEGAN + 11, "upstream prematurely closed connection")

    assert sum(series(at(11, "set2"), late).by_set["set2"].failed) == 1


def test_users_who_found_nothing_live_are_told_apart() -> None:
    found = series(at(1, "", 503, upstream_status=""))

    assert sum(found.by_set["no set"].failed) == 1


@pytest.mark.parametrize("ended", [0.0, 0.2, 1.0, 7.3, 20.0, 119.0, 1800.0, 86_400.0, 400_000.0])
@pytest.mark.parametrize("share", [None, 0.0, 0.31, 1.0])
def test_the_parts_are_few_and_one_begins_at_the_cut_over(
    ended: float, share: float | None
) -> None:
    cut_over = None if share is None else round(ended * share, 3)
    found = series(ended=ended, cut_over=cut_over)

    assert list(found.edges) == sorted(set(found.edges))
    assert 2 <= len(found.edges) <= 243
    assert -30 <= found.edges[0] <= 0
    assert found.edges[-1] >= ended
    assert (found.cut_over or 0.0) in found.edges
    assert found.cut_over == cut_over


def test_of_the_time_before_the_log_nothing_is_claimed() -> None:
    busy = [(BEGAN + n / 1000, 0.01, 0, 1) for n in range(-3000, 20_000)]

    found = series_of(busy, BEGAN, BEGAN - 3.0, BEGAN + 20, BEGAN + 10)

    assert found.edges[0] == -3.0
    assert min(found.by_set["set1"].requests) == 500


def test_a_series_may_count_from_another_begin() -> None:
    found = series(at(1)).since(BEGAN - 2.5)

    assert found.cut_over == 12.5
    assert 12.5 in found.edges
    assert found.began == BEGAN - 2.5


def test_requests_that_come_while_the_log_is_read_to_its_end_are_the_last_parts() -> None:
    assert series(at(20.3)).by_set["set1"].requests[-1] == 1


def test_a_busy_release_takes_little_room() -> None:
    rows = [(BEGAN + n / 1000, 0.0123 * (n % 7), 0, 1 + n // 20_000) for n in range(40_000)]
    tracemalloc.start()
    try:
        found = series_of(rows, BEGAN, LONG_AGO, BEGAN + 40, BEGAN + 20)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most / 40_000 < 20
    assert len(json.dumps(asdict(found))) < 8_000
