"""What a person, a log or nobody gets to read; nothing of it can break a run."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from fream_compose.cli.reports.plain import PlainReport
from fream_compose.cli.reports.terminal import TerminalReport
from fream_compose.report import Place, Report, Step
from tests.fakes.screen import Screen


class Gone(io.StringIO):
    """A stream whose reader went away, as a closed SSH session leaves it."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return True


def story(report: Report) -> None:
    with report.step("Start set1") as step:
        step.detail = "done by hand"
    report.note("a note")
    report.warn("a warning")
    with pytest.raises(ValueError, match="broken"), report.step("Cut over"):
        raise ValueError("broken")


def test_a_log_gets_a_line_as_a_step_begins_and_one_as_it_ends() -> None:
    out = io.StringIO()

    story(PlainReport(out=out))

    began, done, note, warning, again, failed = out.getvalue().splitlines()
    assert began == "Start set1 …"
    assert done.startswith("Start set1: done by hand  0.")
    assert (note, warning) == ("a note", "warning: a warning")
    assert again == "Cut over …"
    assert failed.startswith("Cut over  failed after 0.")


def test_a_terminal_gets_a_line_for_each_step_with_marks() -> None:
    screen = Screen()

    story(TerminalReport(out=screen))

    done, note, warning, failed = screen.shown(colours=False).splitlines()
    assert done.startswith("✓ Start set1: done by hand  0.")
    assert (note, warning) == ("a note", "! a warning")
    assert failed.startswith("✗ Cut over  failed after 0.")


@pytest.mark.parametrize(
    "make",
    [
        lambda: PlainReport(out=Gone()),
        lambda: TerminalReport(out=Gone()),
        Report,
    ],
    ids=["plain", "terminal", "silent"],
)
def test_a_run_goes_on_when_nobody_reads_any_more(make: Callable[[], Report]) -> None:
    report = make()

    story(report)

    assert "Start set1" in report.seconds


def test_a_step_that_failed_has_no_duration_on_record() -> None:
    report = Report()

    story(report)

    assert set(report.seconds) == {"Start set1"}


def test_what_is_said_once_is_not_said_again() -> None:
    out = io.StringIO()
    report = PlainReport(out=out)

    report.note_once("wait")
    report.note_once("wait")

    assert out.getvalue() == "wait\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_planned_step_is_shown_with_its_place(terminal: bool) -> None:
    screen = Screen()
    report = TerminalReport(out=screen) if terminal else PlainReport(out=screen)

    with report.step("Start set1", Place("start", 2, 11)):
        pass

    assert "[2/11] Start set1  0." in screen.shown(colours=False)
    assert report.ids == {"Start set1": "start"}


def test_who_listens_hears_each_step_and_what_it_saw() -> None:
    heard: list[tuple[str, float, str]] = []

    def hear(step: Step) -> None:
        heard.append((step.title, step.limit, step.latest))

    with Report(heard=hear).step("Check", limit=100) as step:
        step.saw("HTTP 404")

    assert heard == [("Check", 100, ""), ("Check", 100, "HTTP 404")]


@pytest.mark.parametrize(
    ("limit", "seconds", "told"),
    [
        (0, 34.9, "34 s"),
        (0, 725, "12 min 5 s"),
        (100, 0, "0 s of 100 s"),
        (100, 34.9, "34 s of 100 s"),
        (599, 61, "61 s of 599 s"),
        (1.5, 1, "1 s of 2 s"),
        (1800, 59.9, "59 s of 30 min"),
        (1800, 60, "1 min of 30 min"),
        (1800, 725, "12 min 5 s of 30 min"),
    ],
)
def test_how_long_a_step_took_of_what_it_may(limit: float, seconds: float, told: str) -> None:
    assert Step("Check", limit=limit).so_far(seconds) == told
