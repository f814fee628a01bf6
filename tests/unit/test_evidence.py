"""What nginx's log proves: counted, timed, and honest about what is missing."""

from __future__ import annotations

import json
import subprocess
import tracemalloc

import pytest

from fream_compose.evidence import Evidence, Latency, Tally
from fream_compose.evidence_view import told
from fream_compose.recorder import recording
from fream_compose.release import SetName
from fream_compose.verdict import Verdict

BEGAN, RELOADED, ENDED = 1000.0, 1010.0, 1020.0
ABORT = (
    "2026/01/01 00:00:00 [error] 9#9: *1 upstream prematurely closed connection while reading "
    'upstream, client: 172.18.0.1, request: "GET /stream HTTP/1.1"'
)


def line(
    msec: float,
    set_name: str = "set1",
    status: int = 200,
    seconds: float = 0.01,
    completion: str = "OK",
    header: str = "0.010",
) -> str:
    return json.dumps(
        {
            "msec": msec,
            "set": set_name,
            "status": status,
            "seconds": seconds,
            "completion": completion,
            "upstream_header_seconds": header,
        }
    )


def summed(*lines: str, now: float = 1011.0) -> Evidence:
    tally = Tally(BEGAN)
    for text in lines:
        tally.read(text, lambda: now)
    return tally.evidence(ENDED, RELOADED, SetName.SET2)


def test_requests_are_counted_by_set() -> None:
    found = summed(line(1001), line(1002), line(1011, "set2"))

    assert (found.served, found.failed, found.by_set) == (3, 0, {"set1": 2, "set2": 1})


def test_an_answer_of_500_or_above_is_a_failure_of_its_set() -> None:
    found = summed(line(1001, status=502), line(1002, status=500), line(1003, status=404))

    assert (found.served, found.failed) == (1, 2)
    assert found.failed_by_set == {"set1": 2}


def test_a_request_that_its_client_gave_up_is_counted_apart() -> None:
    found = summed(line(1001, status=499, completion=""), line(1002, completion=""))

    assert (found.served, found.failed, found.client_left) == (0, 0, 2)


def test_an_answer_that_the_app_broke_off_is_a_failure() -> None:
    found = summed(line(1011, completion=""), line(1012), ABORT)

    assert (found.served, found.failed, found.client_left) == (1, 1, 0)


def test_an_open_websocket_is_served_and_has_no_latency() -> None:
    found = summed(line(1011, status=101, seconds=60.0, completion=""))

    assert (found.served, found.failed, found.client_left) == (1, 0, 0)
    assert found.after is None


def test_what_came_before_the_switch_counts_for_the_latency_only() -> None:
    found = summed(line(990, seconds=0.5), line(500, seconds=9.0))

    assert found.served == 0
    assert found.before == Latency(1, 500.0, 500.0)


def test_latency_is_told_for_each_part_of_the_switch() -> None:
    before = [line(999, seconds=n / 1000) for n in range(1, 101)]
    found = summed(*before, line(1005, seconds=0.2), line(1015, "set2", seconds=0.03))

    assert found.before == Latency(100, 50.0, 99.0)
    assert found.during == Latency(1, 200.0, 200.0)
    assert found.after == Latency(1, 30.0, 30.0)


def test_the_move_of_the_traffic_is_timed_from_the_reload() -> None:
    found = summed(line(1010.3, "set2", seconds=0.2), line(1013.0, "set1"), line(1014.0, "set2"))

    assert found.first_new == pytest.approx(0.1)
    assert found.last_old == pytest.approx(3.0)


def test_the_longest_gap_is_between_starts_in_a_log_that_two_workers_mix() -> None:
    found = summed(line(1004), line(1001), line(1002), line(1009), line(1019, "set2", seconds=5))

    assert found.longest_gap_seconds == pytest.approx(5.0, abs=0.02)
    assert found.longest_gap_by_set["set1"] == pytest.approx(5.0)
    assert found.longest_gap_by_set["set2"] == 0.0


def test_what_began_before_the_switch_makes_no_gap() -> None:
    found = summed(line(1000.5, seconds=3), line(1001), line(1002))

    assert found.longest_gap_seconds == pytest.approx(1.0, abs=0.02)


def test_late_answers_of_the_old_set_are_the_old_sets() -> None:
    late = [line(1019 + n / 10, "set1", seconds=14) for n in range(3)]
    found = summed(*late, *(line(1015, "set2", seconds=0.03) for _ in range(5)))

    assert found.after == Latency(5, 30.0, 30.0)
    assert found.during == Latency(3, 14000.0, 14000.0)


def test_an_answer_that_nginx_made_is_told_from_the_apps_own() -> None:
    tally = Tally(BEGAN)
    for status, header in ((502, "-"), (504, "0.001, -"), (502, "0.002"), (503, "-"), (200, "0.1")):
        tally.read(line(1011, "set2", status, header=header))

    assert (tally.unreached(SetName.SET2).failed, tally.unreached(SetName.SET2).requests) == (2, 5)
    assert tally.shares(SetName.SET2)[1].failed == 4


def test_a_log_without_the_field_says_nothing_of_nginxs_own_answers() -> None:
    tally = Tally(BEGAN)
    old_format = json.loads(line(1011, "set2", 502))
    del old_format["upstream_header_seconds"]
    tally.read(json.dumps(old_format))

    assert tally.unreached(SetName.SET2).failed == 0
    assert tally.shares(SetName.SET2)[1].failed == 1


def test_an_outage_is_the_time_without_a_good_answer_in_which_requests_failed() -> None:
    found = summed(line(1011), line(1011.5, status=502), line(1012, status=502), line(1013))

    assert found.outage_seconds == pytest.approx(2.0)


def test_a_quiet_hour_is_no_outage() -> None:
    assert summed(line(1001), line(1019)).outage_seconds == 0.0


def test_an_outage_that_does_not_end_lasts_to_the_end() -> None:
    assert summed(line(1011), line(1012, status=502)).outage_seconds == pytest.approx(9.0)


def test_the_new_release_is_compared_with_the_old_one_before_it() -> None:
    found = summed(
        *(line(980 + n) for n in range(30)), *(line(1012, "set2", 500) for _ in range(5))
    )

    assert (found.old.requests, found.old.failed) == (30, 0)
    assert (found.new.requests, found.new.failed) == (5, 5)
    assert found.verdict is Verdict.WORSE
    assert "set2: 5 of 5 (100.0%) failed; set1 before it: 0 of 30" in "\n".join(
        told(found, SetName.SET2)
    )


def test_what_a_set_answered_before_the_switch_is_not_the_new_releases() -> None:
    found = summed(*(line(990, "set2", 500) for _ in range(50)), line(1012, "set2"))

    assert (found.new.requests, found.new.failed) == (1, 0)


def test_requests_that_clients_gave_up_do_not_count_for_a_release() -> None:
    found = summed(*(line(1012, "set2", 499, completion="") for _ in range(9)))

    assert found.new.requests == 0
    assert "too few to tell" in "\n".join(told(summed(line(1012, "set2")), SetName.SET2))


def test_foreign_and_torn_lines_are_counted_and_nothing_else() -> None:
    found = summed("{torn", '{"other": "format"}', "[]", line(1001), '{"set": "set9"}')

    assert (found.served, found.unread) == (1, 3)


def test_no_traffic_is_no_proud_zero() -> None:
    assert "proves nothing" in told(summed(), SetName.SET2)[0]


def test_a_log_that_cannot_be_read_is_said() -> None:
    assert told(Evidence(missing="no such container"), SetName.SET2) == [
        "No evidence: no such container"
    ]


def test_a_log_that_ends_early_is_said() -> None:
    """Docker's client was killed, or nginx's container was removed."""

    def ended(_lines: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(["true"], stdout=subprocess.PIPE, text=True)
        process.wait()
        return process

    with recording(ended) as recorder:
        evidence = recorder.evidence(SetName.SET1)

    assert evidence.missing == "nginx's log ended early"


def test_the_evidence_reads_in_sentences() -> None:
    lines = told(
        summed(line(1001), line(1011, "set2"), line(1012, "set2", status=502)), SetName.SET2
    )

    assert lines[0] == "2 requests served, 1 failed, 1 by set2 (set1 1, set2 2)"
    assert lines[1].startswith("First request to set2 +0.99s, last answer of set1 -9.00s")


def test_half_a_million_requests_fit_into_little_memory() -> None:
    tracemalloc.start()
    try:
        tally = Tally()
        for number in range(20_000):
            tally.read(line(1001 + number / 1000))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held / 20_000 < 40


def test_late_failures_of_an_earlier_release_in_the_same_set_are_not_the_new_ones() -> None:
    late = [line(BEGAN + 2, "set2", status=504, seconds=5, header="-")] * 5
    good = [line(RELOADED + 1, "set2")] * 20 + [line(BEGAN + 1)] * 100

    found = summed(*late, *good)

    assert found.verdict is Verdict.NO_WORSE
    assert (found.new.requests, found.new.failed) == (20, 0)
    assert found.first_new == 0.99
    assert found.failed == 5, "users met them all the same"
