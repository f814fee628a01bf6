"""A run at a terminal: one line that is alive, and nothing of it left behind."""

from __future__ import annotations

import threading

import pytest
from rich.cells import cell_len

from fream_compose.cli.reports.stream import Tolerant
from fream_compose.cli.reports.terminal import TerminalReport, live_line
from fream_compose.interruption import LeaveNow
from fream_compose.report import how_ended
from fream_compose.text import encodable
from tests import golden
from tests.fakes.screen import Clock, Screen
from tests.stories.waiting import eventually
from tests.unit.cli.reports.runs import STEPS, a_release, running


@pytest.fixture(autouse=True)
def a_common_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


def report_on(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> TerminalReport:
    report = TerminalReport(out=screen)
    monkeypatch.setattr(type(report.line), "columns", lambda _line: screen.columns)
    return report


@pytest.mark.parametrize("columns", golden.WIDTHS)
def test_a_step_that_runs_is_one_line(columns: int) -> None:
    lines = [live_line(step, seconds, "⠋", columns - 1) for step, seconds in STEPS]

    assert all(cell_len(line) < columns for line in lines)
    golden.holds(f"run/live-{columns}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("columns", range(1, 60))
def test_a_step_that_runs_is_one_line_however_narrow(columns: int) -> None:
    for step, seconds in STEPS:
        assert cell_len(live_line(step, seconds, "⠋", columns)) <= columns


def test_a_terminal_without_unicode_has_the_line_in_ascii() -> None:
    step, seconds = STEPS[2]
    line = live_line(step, seconds, "|", 59, lambda text: encodable(text, "ascii"))

    assert line == "| [3/13] Check the health of set1  34 s of 100 s  HTTP 4..."


def test_what_was_seen_is_one_line_that_steers_nothing() -> None:
    step = running("Check", latest="a\nb\x1b[2J")

    assert live_line(step, 3, "⠋", 79) == "⠋ [3/13] Check   3 s   a b�[2J"


@pytest.mark.parametrize("columns", golden.WIDTHS)
@pytest.mark.parametrize("colours", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_what_is_left_of_a_run(
    monkeypatch: pytest.MonkeyPatch, columns: int, colours: bool, fails: bool
) -> None:
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    screen = Screen(columns)

    a_release(report_on(screen, monkeypatch), Clock(), fails)

    name = f"{'fails' if fails else 'done'}-{columns}{'-colour' if colours else ''}"
    golden.holds(f"run/{name}.txt", screen.shown())
    assert ("<" in screen.shown()) is colours


def test_the_line_is_alive_while_a_step_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, clock = Screen(), Clock()
    report = report_on(screen, monkeypatch)
    report.clock = clock

    with report.step("Check the health of set1", limit=100) as step:
        assert screen.shown() == "⠋ Check the health of set1   0 s of 100 s\n"
        clock.now += 34
        step.saw("last check: HTTP 404")
        eventually(lambda: "34 s of 100 s   last check: HTTP 404" in screen.shown(), 20)
        eventually(lambda: len({line[0] for line in screen.seen}) > 3, 20)
        report.note("a note")
        assert screen.shown().startswith("a note\n")
        assert "34 s of 100 s" in screen.shown(), "and the line goes on below it"

    assert screen.shown(colours=False).splitlines() == [
        "a note",
        "✓ Check the health of set1  34 s",
    ]


def test_a_step_inside_another_has_the_line_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    report = report_on(screen, monkeypatch)

    with report.step("Repair"):
        with report.step("Start set1"):
            assert "⠋ Start set1" in screen.shown()
        assert screen.shown(colours=False).splitlines()[0].startswith("✓ Start set1")
        assert "Repair" in screen.shown()

    assert [line[0] for line in screen.shown(colours=False).splitlines()] == ["✓", "✓"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), LeaveNow(2)])
def test_nothing_is_left_of_the_line_however_a_step_ends(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    screen = Screen()
    report = report_on(screen, monkeypatch)
    before = threading.active_count()

    with pytest.raises(type(error)), report.step("Start set1"):
        raise error

    assert screen.shown(colours=False).startswith(f"✗ Start set1  {how_ended(error)} after")
    assert len(screen.shown().splitlines()) == 1
    assert threading.active_count() == before
    assert "\x1b[?25l" not in screen.getvalue(), "the cursor is never hidden"


def test_a_terminal_that_became_narrower_shows_one_line_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen(120)
    report = report_on(screen, monkeypatch)

    with report.step("Check the health of set1", limit=100) as step:
        step.saw("last check: HTTP 404: not found, whatever it is that was asked for, and so on")
        eventually(lambda: "so on" in screen.shown(), 20)
        screen.columns = 40
        eventually(lambda: "so on" not in screen.shown(), 20)
        assert screen.shown().count("\n") == 1


def test_a_line_for_the_width_of_a_moment_ago_does_not_wrap() -> None:
    screen = Screen(20)

    with TerminalReport(out=screen).step("Check the health of set1 and of set2"):
        eventually(lambda: len({line[0] for line in screen.seen}) > 2, 20)
        assert screen.shown().count("\n") == 1


def test_a_terminal_whose_locale_is_c_gets_ascii_and_foreign_letters_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHONUTF8", raising=False)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    monkeypatch.setattr("fream_compose.cli.reports.stream.in_c_locale", lambda: True)
    assert Tolerant(Screen()).fitted("✓ 정상 … →") == "+ 정상 ... ->"

    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    assert Tolerant(Screen()).fitted("✓ 정상") == "✓ 정상"


def test_what_was_found_has_its_mark_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    report = report_on(screen, monkeypatch)
    for mark in "✓!✗":
        report.marked(mark, "engine  as it is\x1b[2J")

    assert screen.shown() == "".join(
        f"<{code}>{mark}</> engine  as it is\ufffd[2J\n"
        for mark, code in (("✓", "32"), ("!", "1;33"), ("✗", "1;31"))
    )
