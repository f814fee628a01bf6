"""One run at a time, and no lock outlives its holder."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError, InterruptedRun, LockedError
from fream_compose.project import lock
from fream_compose.project.operator import who


def test_the_second_run_is_told_who_holds_it_since_when_and_for_what(tmp_path: Path) -> None:
    path = tmp_path / ".fream"
    with (
        lock.hold(path, "fream switch --version 1.0"),
        pytest.raises(LockedError) as caught,
        lock.hold(path, "fream down"),
    ):
        pass

    assert caught.value.exit_code == 4
    assert re.fullmatch(
        rf"`fream switch --version 1\.0` by {re.escape(who())}, since 20\S+ \S+ \S+ \(.+\); "
        rf"process {os.getpid()}",
        caught.value.why,
    )


def test_a_lock_is_free_after_its_run_even_one_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.hold(tmp_path / ".fream", "fream switch"):
        raise ZeroDivisionError

    with lock.hold(tmp_path / ".fream", "fream switch"):
        pass


def test_a_lock_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    path = tmp_path / ".fream"
    code = (
        "import sys, time; from pathlib import Path; from fream_compose.project import lock\n"
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


def test_no_file_in_the_folder_is_the_lock(tmp_path: Path) -> None:
    folder = tmp_path / ".fream"
    folder.mkdir()
    (folder / "lock").write_text('{"pid": 1, "command": "left by an earlier version"}')

    with lock.hold(folder, "fream switch"):
        for path in folder.iterdir():
            path.unlink()
        assert not lock.free(folder)
        with pytest.raises(LockedError), lock.hold(folder, "fream down"):
            pass
    assert lock.free(folder)


def test_looking_whether_it_is_free_makes_nothing(tmp_path: Path) -> None:
    assert lock.free(tmp_path / ".fream")
    assert not (tmp_path / ".fream").exists()


@pytest.mark.parametrize("mode", [None, 0o755, 0o777, 0o700])
def test_the_folder_is_its_owners_alone(tmp_path: Path, mode: int | None) -> None:
    folder = tmp_path / ".fream"
    if mode is not None:
        folder.mkdir()
        folder.chmod(mode)

    with lock.hold(folder, "fream switch"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_replaced_is_another_lock(tmp_path: Path) -> None:
    folder = tmp_path / ".fream"
    first = contextlib.ExitStack()
    first.enter_context(lock.hold(folder, "fream switch"))

    def replaced(_seconds: float) -> None:
        folder.rename(tmp_path / "aside")
        folder.mkdir()
        first.close()

    with lock.hold(folder, "fream down", wait=5, pause=replaced):
        assert not lock.free(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_another_users_folder_is_told(mode: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / ".fream"
        folder.mkdir()
        folder.chmod(mode)
        os.seteuid(65534)
        try:
            with pytest.raises(ConfigurationError) as caught, lock.hold(folder, "fream"):
                pass
        finally:
            os.seteuid(0)

    assert caught.value.what == "You may not change this project: it belongs to root"
    assert "sudo -u" in caught.value.next_step


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_take_the_lock() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / ".fream"
        with lock.hold(folder, "fream switch"):
            pass
        os.seteuid(65534)
        try:
            with pytest.raises(PermissionError):
                os.open(folder, os.O_RDONLY)
        finally:
            os.seteuid(0)
