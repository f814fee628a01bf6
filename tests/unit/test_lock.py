"""One run at a time, and no lock outlives its holder."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fream_compose import lock
from fream_compose.errors import ConfigurationError, InterruptedRun, LockedError


def test_the_second_run_is_told_who_holds_it_since_when_and_for_what(tmp_path: Path) -> None:
    path = tmp_path / ".fream"
    with (
        lock.hold(path, "fream switch --version 1.0"),
        pytest.raises(LockedError) as caught,
        lock.hold(path, "fream down"),
    ):
        pass

    assert caught.value.exit_code == 4
    assert "'fream switch --version 1.0'" in caught.value.why
    assert f"process {os.getpid()}" in caught.value.why
    assert "since 20" in caught.value.why


def test_a_lock_is_free_after_its_run_even_one_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.hold(tmp_path / ".fream", "fream switch"):
        raise ZeroDivisionError

    with lock.hold(tmp_path / ".fream", "fream switch"):
        pass


def test_a_lock_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    path = tmp_path / ".fream"
    code = (
        "import sys, time; from pathlib import Path; from fream_compose import lock\n"
        "with lock.hold(Path(sys.argv[1]), 'fream switch'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError), lock.hold(path, "fream down"):
            pass
        holder.kill()
        holder.wait()

        with lock.hold(path, "fream down"):
            pass


def test_a_run_that_waits_gets_its_turn(tmp_path: Path) -> None:
    path, held, leave = tmp_path / ".fream", threading.Event(), threading.Event()

    def hold() -> None:
        with lock.hold(path, "fream switch"):
            held.set()
            leave.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    with lock.hold(path, "fream down", wait=5, pause=lambda _: leave.set()):
        thread.join()


def test_a_run_that_waits_can_be_interrupted(tmp_path: Path) -> None:
    def interrupted(_seconds: float) -> None:
        raise InterruptedRun(15)

    with (
        lock.hold(tmp_path / ".fream", "fream switch"),
        pytest.raises(InterruptedRun),
        lock.hold(tmp_path / ".fream", "fream down", wait=5, pause=interrupted),
    ):
        pass


def test_a_lock_that_says_nothing_is_still_a_lock(tmp_path: Path) -> None:
    path = tmp_path / ".fream"
    with lock.hold(path, "fream switch"):
        (path / "holder.json").write_text("torn {")
        with pytest.raises(LockedError) as caught, lock.hold(path, "fream down"):
            pass

    assert caught.value.why == "It has not said who it is"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError), lock.hold(tmp_path / "file", "fream"):
        pass
