"""promote and abort: they wait for the switch, end with its code, and never hang."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fream_compose.errors import FreamError, InterruptedRun, UncertainError, UsageError
from fream_compose.interruption import Interruption
from fream_compose.operations import promotion
from fream_compose.project import lock
from fream_compose.project.notes import Notes
from fream_compose.release import SetName
from tests.fakes import Watcher


class HeldRun(threading.Thread):
    """A run that holds a switch until there is a verdict, and then ends in some way."""

    def __init__(self, directory: Path, exit_code: int | None, told: str = "it is told") -> None:
        super().__init__()
        self.directory, self.exit_code, self.told = directory, exit_code, told
        self.held = threading.Event()

    def run(self) -> None:
        notes = Notes(self.directory)
        with lock.hold(self.directory, "fream switch --hold"):
            progress = notes.begin("fream switch --hold")
            notes.hold("id", "1.0.1", SetName.SET2)
            self.held.set()
            while not notes.verdict("id"):
                time.sleep(0.01)
            notes.release()
            notes.follow(replace(progress, step="Drain set1"))
            time.sleep(0.4)
            if self.exit_code is not None:
                notes.follow(replace(progress, exit_code=self.exit_code, told=self.told))

    def __enter__(self) -> HeldRun:
        self.start()
        self.held.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        # A test that failed before its verdict must not wait for ever.
        Notes(self.directory).decide("id", "abort")
        self.join(10)


def test_a_promote_waits_for_the_end_and_tells_the_steps_on_the_way(tmp_path: Path) -> None:
    watcher = Watcher()
    with HeldRun(tmp_path, 0):
        told = promotion.promote(tmp_path, watcher, Interruption())

    assert (told.exit_code, str(told), told.set) == (0, "it is told", "set2")
    assert "Drain set1 …" in watcher.notes


@pytest.mark.parametrize("code", [5, 6, 7, 8, 9, 11, 130])
def test_a_promote_ends_with_the_code_of_the_switch(tmp_path: Path, code: int) -> None:
    with HeldRun(tmp_path, code, "why it failed"), pytest.raises(FreamError) as error:
        promotion.promote(tmp_path, Watcher(), Interruption())

    assert error.value.exit_code == code
    assert error.value.why == "why it failed"


def test_an_abort_is_0_when_the_switch_was_undone(tmp_path: Path) -> None:
    with HeldRun(tmp_path, 8):
        told = promotion.abort(tmp_path, Watcher(), Interruption())

    assert str(told) == "1.0.1 was aborted: it is gone again, and no user had got it"
    assert told.to_json()["exit_code"] == 8


@pytest.mark.parametrize(("ended", "code"), [(9, 9), (6, 6), (0, 2)])
def test_an_abort_that_did_not_come_about_is_a_failure(
    tmp_path: Path, ended: int, code: int
) -> None:
    with HeldRun(tmp_path, ended), pytest.raises(FreamError) as error:
        promotion.abort(tmp_path, Watcher(), Interruption())

    assert error.value.exit_code == code


def test_a_run_that_dies_while_it_is_waited_for_is_told(tmp_path: Path) -> None:
    with HeldRun(tmp_path, None), pytest.raises(UncertainError) as error:
        promotion.promote(tmp_path, Watcher(), Interruption())

    assert "killed" in str(error.value)
    assert error.value.next_step == "fream recover"


def test_a_run_that_dies_is_told_although_the_next_one_has_begun(tmp_path: Path) -> None:
    """The lock is never seen free when a run that waited for it takes it at once."""

    def die_and_be_followed() -> None:
        notes = Notes(tmp_path)
        while not notes.verdict("id"):
            time.sleep(0.01)
        notes.begin("fream recover")

    with lock.hold(tmp_path, "fream switch --hold"):
        notes = Notes(tmp_path)
        notes.begin("fream switch --hold")
        notes.hold("id", "1.0.1", SetName.SET2)
        thread = threading.Thread(target=die_and_be_followed)
        thread.start()
        interruption = Interruption()
        alarm = threading.Timer(10, interruption.note, [2])
        alarm.start()
        with pytest.raises(UncertainError):
            promotion.promote(tmp_path, Watcher(), interruption)
        alarm.cancel()
    thread.join()


def test_before_the_hold_the_step_is_told(tmp_path: Path) -> None:
    with lock.hold(tmp_path, "fream switch --hold"):
        notes = Notes(tmp_path)
        progress = notes.begin("fream switch --version 2 --hold")
        notes.follow(replace(progress, step="Check the health of set2"))
        with pytest.raises(UsageError, match="no release is held") as error:
            promotion.promote(tmp_path, Watcher(), Interruption())

    assert "'Check the health of set2'" in error.value.why
    assert "fream switch --version 2 --hold" in error.value.why


def test_a_note_of_a_run_that_is_gone_is_not_a_held_switch(tmp_path: Path) -> None:
    Notes(tmp_path).hold("id", "1.0.1", SetName.SET2)

    with pytest.raises(UsageError, match="no release is held"):
        promotion.promote(tmp_path, Watcher(), Interruption())


def test_ctrl_c_stops_only_the_waiting(tmp_path: Path) -> None:
    interruption = Interruption()
    with HeldRun(tmp_path, 0):
        interruption.note(2)
        with pytest.raises(InterruptedRun) as error:
            promotion.promote(tmp_path, Watcher(), interruption)
        assert Notes(tmp_path).verdict("id") in ("promote", "")

    assert error.value.exit_code == 130
    assert "goes on" in error.value.next_step
