"""What nginx's log proves: counted, timed, and honest about what is missing."""

from __future__ import annotations

import json
import subprocess
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from fream_compose.cli.views.evidence import told
from fream_compose.nginx.evidence import Evidence, Tally
from fream_compose.nginx.latency import Latency
from fream_compose.nginx.recorder import recording
from fream_compose.release import SetName
from fream_compose.verdict import Verdict
from tests.fakes.log import access_line, error_line
from tests.stories.waiting import eventually

BEGAN, RELOADED, ENDED = 1000.0, 1010.0, 1020.0
BROKE = "upstream prematurely closed connection"


def line(
    at: float,
    set_name: str = "set1",
    status: int = 200,
    seconds: float = 0.01,
    completion: str = "OK",
    header: str = "0.010",
    upstream: str = "200",
    **more: Any,
) -> str:
    answer = {"upstream_header_seconds": header, "upstream_status": upstream}
    fields = {"seconds": seconds, "completion": completion, **answer, **more}
    return access_line(at, set_name, status, **fields)


def error(at: float, what: str = BROKE, **more: Any) -> str:
    return error_line(at, what, **more)


def summed(*lines: str) -> Evidence:
    tally = Tally(BEGAN)
    for text in lines:
        tally.read(text)
    return tally.evidence(ENDED, RELOADED, SetName.SET2)


def test_what_nginx_answered_by_itself_is_no_sets_and_has_a_number_of_its_own() -> None:
    earlier = line(BEGAN - 1, status=200, upstream="")
    limits = [line(1001, status=status, upstream="") for status in (200, 301, 401, 429)]
    closed = line(1002, "maintenance", 503, upstream="")
    torn = line(1003, status=200, upstream="")[:-20]

    found = summed(earlier, line(1001), *limits, closed, torn)

    assert (found.served, found.failed, found.by_set) == (1, 0, {"set1": 1})
    assert (found.by_nginx, found.unread) == (4, 1)
    assert "4 more by nginx itself" in told(found, SetName.SET2)[0]


@pytest.mark.parametrize(("name", "status"), [("acme", 200), ("acme", 404), ("redirect", 308)])
@pytest.mark.parametrize("upstream", ["", "200"])
def test_what_nginx_answers_for_https_is_no_sets(name: str, status: int, upstream: str) -> None:
    found = summed(line(1001), line(1002, name, status, upstream=upstream))

    assert (found.served, found.failed, found.by_set) == (1, 0, {"set1": 1})
    assert (found.by_nginx, found.unread) == (1, 0)


@pytest.mark.parametrize("statuses", ["404 : 200", "404 : 502 : 404", "404 : 404 : 404", "404"])
def test_a_file_that_was_looked_for_in_the_other_set_counts_against_none(statuses: str) -> None:
    found = summed(line(1011, "set2", int(statuses[-3:]), upstream=statuses, header="0.001"))

    assert (found.served, found.caught, found.failed) == (1, 0, 0)
    assert (found.new.requests, found.new.failed) == (1, 0)


def test_requests_are_counted_by_set() -> None:
    found = summed(line(1001), line(1002), line(1011, "set2"))

    assert (found.served, found.failed, found.by_set) == (3, 0, {"set1": 2, "set2": 1})


def test_what_the_net_caught_is_served_and_counts_against_the_set_that_failed() -> None:
    tally = Tally(BEGAN)
    for moment in range(5):
        tally.read(line(1011 + moment, "set2", header="- : 0.010", upstream="502 : 200"))

    found = tally.evidence(ENDED, RELOADED, SetName.SET2)

    assert (found.served, found.caught, found.failed) == (5, 5, 0)
    assert (found.new.requests, found.new.failed) == (5, 5)
    assert tally.unreached(SetName.SET2).failed == 5
    assert found.outage_seconds == 0


def test_an_answer_of_500_or_above_is_a_failure_of_its_set() -> None:
    found = summed(line(1001, status=502), line(1002, status=500), line(1003, status=404))

    assert (found.served, found.failed) == (1, 2)
    assert found.failed_by_set == {"set1": 2}


def test_a_request_that_its_client_gave_up_is_counted_apart() -> None:
    found = summed(line(1001, status=499, completion=""), line(1002, completion=""))

    assert (found.served, found.failed, found.client_left) == (0, 0, 2)


@pytest.mark.parametrize("what", [BROKE, "recv() failed (104: Connection reset by peer)"])
@pytest.mark.parametrize("errors_first", [True, False])
@pytest.mark.parametrize("completion", ["OK", ""])
def test_an_answer_that_the_app_broke_off_is_a_failure_of_its_set(
    what: str, errors_first: bool, completion: str
) -> None:
    pair = [error(1011, what), line(1011.2, "set2", completion=completion)]
    found = summed(*(pair if errors_first else reversed(pair)), line(1011.9, "set2"))

    assert (found.served, found.failed, found.client_left) == (1, 1, 0)
    assert (found.broken_off, found.failed_by_set) == (1, {"set2": 1})
    assert (found.new.requests, found.new.failed) == (2, 1)
    assert "1 failed, 1 by set2, 1 of them broken off" in told(found, SetName.SET2)[0]


@pytest.mark.parametrize("errors_first", [True, False])
def test_an_answer_that_is_shorter_than_the_app_said_counts_once(errors_first: bool) -> None:
    pair = [error(1011), line(1011.2, "set2", length="101")]
    found = summed(*(pair if errors_first else reversed(pair)), line(1011.2, "set2"))

    assert (found.served, found.broken_off, found.failed) == (1, 1, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"length": "100"},
        {"length": "99"},
        {"length": ""},
        {"length": "5000", "method": "HEAD"},
        {"length": "5000", "status": 304},
        {"length": "5000", "status": 204},
        {"length": "lots"},
        {"length": "²"},
    ],
)
def test_an_answer_that_is_as_long_as_it_should_be_is_served(fields: dict[str, Any]) -> None:
    assert summed(line(1011, **fields)).served == 1


@pytest.mark.parametrize(
    "other",
    [
        error(500),
        error(1013),
        error(1011, worker=8),
        error(1011, connection=2),
        error(1011).replace("[error]", "[info]"),
        error(1011, "x, client: 1.2.3.4, y"),
        error(1011).replace("while reading upstream", "while proxying upgraded connection"),
        error(1011, 'upstream sent too big header, request: "x'),
        "GET " + error(1011),
        error(1011).replace("1970/01/01", "1970/99/99"),
    ],
)
def test_an_error_line_of_another_request_or_kind_breaks_nothing_off(other: str) -> None:
    found = summed(other, line(1011))

    assert (found.served, found.failed) == (1, 0)


def test_words_in_an_address_are_no_error() -> None:
    uri = f"/{BROKE.replace(' ', '%20')} while reading upstream, client: "
    refused = error(1011, "connect() failed (111: Connection refused)", uri=uri).replace(
        "while reading upstream, client: 172", "while connecting to upstream, client: 172"
    )

    assert summed(refused, line(1011)).failed == 0


def test_an_error_line_belongs_to_one_request_only() -> None:
    found = summed(error(1011), line(1011), line(1011), line(1011))

    assert (found.served, found.failed) == (2, 1)


@pytest.mark.parametrize("status", [400, 405, 408, 501, 505, 500])
def test_what_nginx_answers_by_itself_is_no_answer_of_a_release(status: int) -> None:
    found = summed(line(1011, "set2", status, upstream="", header=""))

    assert (found.served, found.failed, found.by_set) == (0, 0, {})


def test_what_was_not_even_a_request_is_no_failure() -> None:
    assert summed(line(1011, "", 400, upstream=""), line(1011, "", 505, upstream="")).by_set == {}


def test_users_who_find_nothing_live_are_failed() -> None:
    assert summed(line(1011, "", 503, upstream="")).failed_by_set == {"no set": 1}


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

    assert (tally.unreached(SetName.SET2).failed, tally.unreached(SetName.SET2).requests) == (3, 5)
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


@pytest.mark.parametrize(
    ("header", "seconds", "failed"), [("-", 1.0, 12), ("-", 0.9, 0), ("0.010", 9.0, 0)]
)
def test_a_release_that_keeps_its_clients_waiting_until_they_leave_fails(
    header: str, seconds: float, failed: int
) -> None:
    """With an answer that has begun it may be a stream, which its client ends."""
    good = [line(1000 + n / 10, "set1") for n in range(50)]
    left: dict[str, Any] = {"seconds": seconds, "completion": "", "header": header, "upstream": "-"}
    given_up = [line(1012 + n / 10, "set2", 499, **left) for n in range(12)]
    found = summed(*good, *given_up)

    assert (found.failed, found.client_left, found.new.failed) == (0, 12, failed)
    assert found.verdict is (Verdict.FAILS if failed else Verdict.TOO_FEW)


@pytest.mark.parametrize("errors_first", [True, False])
def test_who_waited_for_an_answer_that_broke_off_counts_once(errors_first: bool) -> None:
    left: dict[str, Any] = {"seconds": 2.0, "completion": "", "header": "-", "upstream": "-"}
    pair = [error(1011), line(1011.2, "set2", 499, **left)]
    found = summed(*(pair if errors_first else reversed(pair)))

    assert (found.new.requests, found.new.failed, found.failed) == (1, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "{torn",
        '{"other": "format"}',
        '{"set": "set9"}',
        '{"a":' * 100_000,
        line(1001, "set9"),
        line(1001).replace("200", "null"),
        line(1001, msec=float("inf")),
        line(1001, msec=float("nan")),
        line(1001, seconds=float("inf")),
        line(1001, seconds=-1),
        line(1001, time="yesterday"),
        line(1001, worker="x"),
        line(1001).replace('"bytes": 100', '"bytes": Infinity, "length": "7"'),
    ],
)
def test_a_line_that_is_torn_or_foreign_is_counted_and_nothing_else(text: str) -> None:
    found = summed(text, line(1002), "nginx: [warn] a notice\n", "[]\n")

    assert (found.served, found.unread) == (1, 1)


def test_no_traffic_is_no_proud_zero() -> None:
    assert "no evidence from users" in told(summed(), SetName.SET2)[0]


def test_a_log_that_cannot_be_read_is_said() -> None:
    assert told(Evidence(missing="no such container"), SetName.SET2) == [
        "No evidence: no such container"
    ]


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("", ""),
        (
            "Error response from daemon: no such driver",
            ": Error response from daemon: no such driver",
        ),
    ],
)
def test_a_log_that_ends_early_is_said(printed: str, why: str) -> None:
    """Docker's client was killed, nginx's container was removed, or its log cannot be read."""

    def ended(_lines: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(["echo", printed], stdout=subprocess.PIPE, text=True)
        process.wait()
        return process

    with recording(ended) as recorder:
        eventually(
            lambda: recorder.evidence(SetName.SET1).missing == f"nginx's log ended early{why}"
        )


def test_a_line_of_any_length_is_read_in_bounded_pieces(tmp_path: Path) -> None:
    """What comes of it is told as unread, and the next line is read as ever."""
    log = tmp_path / "log"
    log.write_text('{"uri":"' + "x" * 300_000 + '"}\n' + line(time.time() + 60))

    def printing(_lines: int) -> subprocess.Popen[str]:
        command = ["sh", "-c", 'cat "$0"; exec sleep 60', str(log)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with recording(printing) as recorder:
        eventually(lambda: recorder.evidence(SetName.SET1).served == 1)
        assert recorder.evidence(SetName.SET1).unread == 1


def test_the_evidence_reads_in_sentences() -> None:
    lines = told(
        summed(line(1001), line(1011, "set2"), line(1012, "set2", status=502)), SetName.SET2
    )

    assert lines[0] == "2 requests served, 1 failed, 1 by set2 (set1 1, set2 2)"
    assert lines[1].startswith("First request to set2 +0.99 s, last answer of set1 -9.00 s")


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


def test_the_evidence_of_a_switch_does_not_count_who_was_turned_away() -> None:
    tally = Tally()

    tally.read(line(1, "maintenance", 503, upstream=""))

    assert tally.unread == 0
    assert not list(tally._rows())
