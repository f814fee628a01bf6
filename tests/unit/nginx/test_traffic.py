"""What the watch counts: requests by set, from nginx's log as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose.nginx.access_log import read_entry
from fream_compose.nginx.traffic import Meter, Traffic
from tests.fakes import Stage
from tests.fakes.log import access_line as access
from tests.fakes.log import error_line
from tests.stories.waiting import eventually

START = 1_800_000_000.0


def meter(*lines: str) -> Meter:
    made = Meter()
    for line in lines:
        entry = read_entry(line)
        assert entry
        made.add(entry.request)
    return made


def test_requests_are_counted_for_the_time_since_the_last_look() -> None:
    found = meter(*[access(START)] * 6)

    assert found.look(START + 2, elapsed=2).per_second == 3
    assert found.look(START + 4, elapsed=2).per_second == 0
    assert found.look(START + 5, elapsed=1).rates == (3, 0, 0)


def test_latencies_are_those_of_the_last_ten_seconds() -> None:
    found = meter(
        access(START, seconds=5),
        access(START + 9, seconds=0.01),
        access(START + 9, seconds=0.02),
    )

    assert (found.look(START + 9, 9).p50_ms, found.look(START + 9, 1).p99_ms) == (20, 5000)
    assert found.look(START + 11, 2).p99_ms == 20
    assert found.look(START + 20, 9).p50_ms is None


def test_answers_of_500_and_above_are_errors_for_good() -> None:
    found = meter(access(START), access(START, status=404), access(START, status=502))

    assert found.look(START, 1).errors == 1
    assert found.look(START + 60, 60).errors == 1


class Log:
    """nginx's log in a file, and the traffic read from it."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self.path = path
        path.touch()
        stage.project.access_log = path
        self.traffic = Traffic(
            lambda lines: stage.project.containers.follow(stage.settings.nginx_container, lines),
            clock=lambda: START,
        )

    def write(self, *lines: str) -> None:
        with self.path.open("a") as file:
            file.writelines(lines)


@pytest.fixture
def log(stage: Stage, tmp_path: Path) -> Iterator[Log]:
    made = Log(stage, tmp_path / "access.log")
    yield made
    made.traffic.close()


def test_the_traffic_of_each_set_is_read_as_the_log_grows(log: Log) -> None:
    log.write(
        access(START + 1),
        access(START + 2, name="set2", status=500),
        access(START + 2),
    )

    eventually(lambda: log.traffic.look()["set2"].errors == 1)
    found = log.traffic.look()
    assert len([rate for rate in found["set1"].rates if rate]) in (1, 2)
    assert found["set1"].errors == 0


def test_an_answer_that_turns_out_to_be_broken_off_is_an_error_and_counts_once(log: Log) -> None:
    log.write(access(START + 1), error_line(START + 1, "upstream prematurely closed connection"))

    eventually(lambda: log.traffic.look()["set1"].errors == 1)
    assert sum(log.traffic.look()["set1"].rates) > 0


def test_what_is_older_torn_or_turned_away_is_no_traffic(log: Log) -> None:
    log.write(
        access(START - 1, status=500),
        '{"torn": \n',
        "nginx: [warn]\n",
        access(START + 1, name="maintenance", status=503),
        access(START + 2, name="set2", status=500),
    )

    eventually(lambda: log.traffic.look()["set2"].errors)
    assert log.traffic.look()["set1"].errors == 0
    assert set(log.traffic.look()) == {"set1", "set2"}


def test_requests_before_the_first_release_are_of_no_set(log: Log) -> None:
    log.write(access(START + 1, name="", status=503))

    eventually(lambda: "no set" in log.traffic.look())
    assert log.traffic.look()["no set"].errors == 1


def test_a_log_that_ended_is_followed_anew_and_nothing_counts_twice(
    stage: Stage, tmp_path: Path
) -> None:
    log = Log(stage, tmp_path / "access.log")
    log.write(access(START + 1, status=500))
    eventually(lambda: log.traffic.look()["set1"].errors == 1)

    log.traffic.close()
    log.write(access(START + 2, status=500))

    eventually(lambda: log.traffic.look()["set1"].errors == 2)
    log.traffic.close()


def test_a_log_that_cannot_be_followed_is_no_traffic(stage: Stage) -> None:
    traffic = Traffic(lambda lines: stage.project.containers.follow("shop-nginx", lines))

    assert traffic.look()["set1"].per_second == 0
    traffic.close()
