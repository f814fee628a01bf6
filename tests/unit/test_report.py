"""What a person, a log or nobody gets to read; nothing of it can break a run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from fream_compose.report import Place, PlainReport, Report, RichReport


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


def test_a_log_gets_a_line_for_each_step() -> None:
    out = io.StringIO()

    story(PlainReport(out=out))

    first, note, warning, failed = out.getvalue().splitlines()
    assert first.startswith("Start set1: done by hand  0.")
    assert (note, warning) == ("a note", "warning: a warning")
    assert failed.startswith("Cut over  failed after 0.")


def test_a_terminal_gets_the_same_with_marks() -> None:
    out = io.StringIO()

    story(RichReport(Console(file=out, force_terminal=True, color_system=None, width=80)))

    told = out.getvalue()
    for part in (
        "✓ Start set1: done by hand",
        "a note",
        "! a warning",
        "✗ Cut over",
        "failed after",
    ):
        assert part in told


def test_square_brackets_are_no_markup() -> None:
    out = io.StringIO()
    report = RichReport(Console(file=out, force_terminal=True, color_system=None, width=80))

    report.warn("[red]as it is[/red] [/]")
    with report.step("Pull [1.0]"):
        pass

    assert "[red]as it is[/red] [/]" in out.getvalue()
    assert "Pull [1.0]" in out.getvalue()


@pytest.mark.parametrize(
    "report",
    [
        PlainReport(out=Gone()),
        RichReport(Console(file=Gone(), force_terminal=True)),
        Report(),
    ],
    ids=["plain", "rich", "silent"],
)
def test_a_run_goes_on_when_nobody_reads_any_more(report: Report) -> None:
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
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, width=80)
    report = RichReport(console) if terminal else PlainReport(out=out)

    with report.step("Start set1", Place("start", 2, 11)):
        pass

    assert "[2/11] Start set1  0." in out.getvalue()
    assert report.ids == {"Start set1": "start"}
