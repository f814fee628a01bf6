"""A run in a log: who releases what, each step's begin and end, and that it still goes on."""

from __future__ import annotations

import io
import re
import threading

import pytest

from fream_compose.cli.reports.plain import PlainReport
from tests import golden
from tests.fakes.screen import Clock
from tests.stories.waiting import eventually
from tests.unit.cli.reports.runs import HEADING, a_release


@pytest.mark.parametrize("fails", [True, False])
def test_a_log_tells_of_a_release(fails: bool) -> None:
    out = io.StringIO()

    a_release(PlainReport(out=out), Clock(), fails)

    golden.holds(f"run/{'fails' if fails else 'done'}-pipe.txt", out.getvalue())


def test_a_step_that_takes_long_says_that_it_goes_on() -> None:
    out, clock = io.StringIO(), Clock()
    report = PlainReport(out=out, heartbeat=0.01, clock=clock)
    before = threading.active_count()

    with report.step("Check the health of set2", limit=100) as step:
        clock.now += 15
        eventually(lambda: "… 15 s of 100 s\n" in out.getvalue(), 20)
        step.saw("last check: HTTP 404")
        eventually(lambda: "… 15 s of 100 s; last check: HTTP 404\n" in out.getvalue(), 20)

    assert threading.active_count() == before
    assert out.getvalue().splitlines()[-1] == "Check the health of set2  15 s"


def test_a_heartbeat_is_that_of_the_innermost_step() -> None:
    out = io.StringIO()
    report = PlainReport(out=out, heartbeat=0.01)

    with report.step("Repair"), report.step("Start set1"):
        eventually(lambda: "Start set1 … 0 s" in out.getvalue(), 20)
        told = len(out.getvalue())
        eventually(lambda: len(out.getvalue()) > told + 200, 20)

    assert "Repair … 0 s" not in out.getvalue()[told:].partition("Start set1  0.")[0]


def test_each_line_begins_with_its_time_where_that_was_asked_for() -> None:
    out = io.StringIO()
    report = PlainReport(out=out, timestamps=True)

    report.begin(HEADING)
    report.note("two\nlines")
    with report.step("Start set1"):
        pass

    lines = out.getvalue().splitlines()
    assert len(lines) == 6
    assert all(re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  \S", line) for line in lines)
