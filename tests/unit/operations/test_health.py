"""When a release is good enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from fream_compose.docker.facts import Condition
from fream_compose.errors import UnhealthyError
from fream_compose.http import Answer
from fream_compose.operations.health import Probe, Seen, describe, fault_of, wait_until_healthy
from fream_compose.operations.kinds import of_answer
from fream_compose.project.health_settings import Health

RUNS = Condition("running", 0, 0)


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def asks(*statuses: int) -> Callable[[], Seen]:
    """Answers in turn, the last one for ever; 0 is no answer."""
    answers: Iterator[int] = chain(statuses, repeat(statuses[-1]))

    def ask() -> Seen:
        status = next(answers)
        if not status:
            return Seen(fault="connection refused")
        return of_answer(Answer(status, "body", 0.01), Health())

    return ask


def wait(
    ask: Callable[[], Seen],
    condition: Condition = RUNS,
) -> float:
    """Seconds until healthy."""
    clock = Clock()
    probe = Probe("GET /products", ask, lambda: condition)
    wait_until_healthy(probe, Health(), 100.0, clock, clock.pause)
    return clock.now


def test_successes_must_come_in_a_row() -> None:
    interval = Health().interval.total_seconds()

    assert wait(asks(200, 200)) == pytest.approx(interval)
    assert wait(asks(200, 500, 200, 0, 200, 204)) == pytest.approx(5 * interval)


def test_the_deadline_tells_the_last_answer() -> None:
    with pytest.raises(UnhealthyError) as caught:
        wait(asks(0, 0, 503))

    assert "within 100 s" in caught.value.what
    assert caught.value.why == "GET /products: HTTP 503: body"


def test_no_answer_at_all_tells_why() -> None:
    with pytest.raises(UnhealthyError) as caught:
        wait(asks(0))

    assert "connection refused" in caught.value.why


@pytest.mark.parametrize(("body", "fault"), [("UP", ""), ("DOWN", "which does not match")])
def test_a_good_answer_holds_what_the_settings_ask_for(body: str, fault: str) -> None:
    found = fault_of(Answer(200, f"status: {body}", 0.01), Health(body="status: UP"))

    assert fault in found
    assert bool(found) == bool(fault)


@pytest.mark.parametrize(
    ("body", "fault"), [("", ""), ("<title>", ""), ("the end", "in its first 64 kB")]
)
def test_a_long_page_is_as_good_as_a_short_one(body: str, fault: str) -> None:
    answer = Answer(200, "<title>Books</title>" + "x" * 65_000, 0.01, cut=True)

    found = fault_of(answer, Health(body=body))

    assert fault in found
    assert bool(found) == bool(fault)


def test_a_pattern_that_takes_for_ever_is_given_up_after_a_second() -> None:
    answer, began = Answer(200, "a" * 65_000 + "b", 0.01), time.monotonic()

    found = fault_of(answer, Health(body="(a+)+$"))

    assert found.startswith("HTTP 200: aaa")
    assert found.endswith("in which the pattern '(a+)+$' took longer than 1 s")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("status", [199, 300, 301, 404, 500])
def test_only_2xx_is_good(status: int) -> None:
    with pytest.raises(UnhealthyError):
        wait(asks(status))


@pytest.mark.parametrize(
    "condition",
    [
        Condition("exited", 1, 0),
        Condition("exited", 0, 0),
        Condition("dead", 1, 0),
        Condition("restarting", 1, 0),
        Condition("running", 0, 2),
    ],
)
def test_a_crash_ends_the_wait_within_two_seconds(condition: Condition) -> None:
    clock = Clock()
    probe = Probe("GET /products", asks(0), lambda: condition)

    with pytest.raises(UnhealthyError) as caught:
        wait_until_healthy(probe, Health(), 100.0, clock, clock.pause)

    assert clock.now < 2
    assert "crashed" in caught.value.what
    assert caught.value.why == f"Its container {condition.ending}"


def test_an_answer_is_described_in_one_short_line() -> None:
    assert describe(Answer(200, "", 0)) == "HTTP 200"
    assert describe(Answer(500, "a\n  b", 0)) == "HTTP 500: a b"
    assert len(describe(Answer(500, "x" * 2000, 0))) < 250
    assert describe(Answer(302, "", 0, {"location": "/login"})) == "HTTP 302 to /login"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>…</body></html>",
            "502 Bad Gateway",
        ),
        (
            "<!DOCTYPE html><html><body><h1>Whitelabel Error Page</h1><p>Tom &amp; Eve</p></body>",
            "Whitelabel Error Page Tom & Eve",
        ),
        ("<html><title> </title><p>down", "down"),
        ("<html" + "<" * 60_000, "<html<<<"),
        ('{"html": "<p>"}', '{"html": "<p>"}'),
    ],
)
def test_of_a_page_its_words_are_told(page: str, words: str) -> None:
    assert describe(Answer(502, page, 0)).startswith(f"HTTP 502: {words}")


@pytest.mark.parametrize(
    ("name", "path", "host"),
    [
        ("app", "HEALTH_CHECK_POINT", "x-fream.health.host"),
        ("ui", "x-fream.services.ui.health.path", "x-fream.services.ui.health.host"),
    ],
)
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 421])
def test_a_hint_names_what_is_set_of_that_service(
    name: str, path: str, host: str, status: int
) -> None:
    told = of_answer(Answer(status, "", 0.01), Health(), name).hint()

    assert (host if status in (400, 421) else path) in told
