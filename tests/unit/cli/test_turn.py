"""A run waits for the one before, and says for whom; and notes how far it is for the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.cli.turn import Noted, turn
from fream_compose.errors import LockedError
from fream_compose.project import lock
from fream_compose.project.notes import Notes
from fream_compose.project.operator import who
from fream_compose.report import Place, Report, Step
from fream_compose.times import moment
from tests.fakes.watcher import Watcher


def test_who_waits_is_told_for_whom_and_how_far_that_is(tmp_path: Path) -> None:
    notes, report = Notes(tmp_path), Watcher()
    seen: list[str] = []
    other = lock.hold(tmp_path, "fream switch 1.0.1")
    other.__enter__()
    noted = Noted(notes, "fream switch 1.0.1")
    report.heard = lambda step: seen.append(step.latest)
    steps = iter([Step("Drain set1", place=Place("drain", 9, 13)), Step("Repair"), None])

    def pause(_seconds: float) -> None:
        if step := next(steps):
            noted.heard(step)
        else:
            other.__exit__(None, None, None)

    with turn(tmp_path, "fream up", 60, report, pause):
        assert report.steps == ["Wait for another run"]

    progress = notes.progress()
    assert progress is not None
    since = moment(progress.since)
    assert report.notes == [f"At work: {who()} since {since}: fream switch 1.0.1"]
    assert seen == ["", "", "[9/13] Drain set1", "Repair"]
    assert report.seconds == {}, "the wait is no step of what the history times"


def test_a_holder_that_left_no_note_is_named_as_the_lock_knows_it(tmp_path: Path) -> None:
    report = Watcher()
    other = lock.hold(tmp_path, "fream down")
    other.__enter__()

    def pause(_seconds: float) -> None:
        other.__exit__(None, None, None)

    with turn(tmp_path, "fream up", 60, report, pause):
        pass

    (note,) = report.notes
    assert note.startswith("At work: `fream down` by ")


def test_who_need_not_wait_is_told_nothing(tmp_path: Path) -> None:
    report = Watcher()

    with turn(tmp_path, "fream up", 60, report, lambda _seconds: None):
        pass

    assert (report.steps, report.notes) == ([], [])


@pytest.mark.parametrize(("wait", "steps"), [(0.0, []), (0.2, ["Wait for another run"])])
def test_who_waited_in_vain_is_told_so(tmp_path: Path, wait: float, steps: list[str]) -> None:
    report = Watcher()

    with (
        lock.hold(tmp_path, "fream down"),
        pytest.raises(LockedError, match="at work"),
        turn(tmp_path, "fream up", wait, report, lambda _seconds: None),
    ):
        pass

    assert report.steps == steps


def test_the_note_of_a_run_tells_who_runs_it_and_where_it_is(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    noted = Noted(notes, "fream switch 1.0.1")
    report = Report(heard=noted.heard)

    with report.step("Check set2", Place("health", 3, 9), 100) as step:
        step.saw("last check: HTTP 404\nnot found")
        now = notes.progress()
        assert now is not None
        assert (now.by, now.step, now.number, now.of, now.limit) == (who(), "Check set2", 3, 9, 100)
        assert now.since <= now.step_since
        assert now.latest == "", "written a moment ago"

    noted.ended(8, "it failed")
    now = notes.progress()
    assert now is not None
    assert (now.exit_code, now.told) == (8, "it failed")


def test_what_a_step_saw_is_noted_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, now = Notes(tmp_path), [50.0]
    monkeypatch.setattr("fream_compose.cli.turn.time.monotonic", lambda: now[0])
    written: list[str] = []
    monkeypatch.setattr(Notes, "follow", lambda _notes, progress: written.append(progress.latest))
    noted = Noted(notes, "fream switch 1.0.1")

    with Report(heard=noted.heard).step("Check") as step:
        for _ in range(25):
            step.saw(f"at {now[0]:.1f}")
            now[0] += 0.1

    assert written == ["", "", "at 51.0", "at 52.0"]
