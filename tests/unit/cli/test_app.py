"""The command line, through its real entry: exit codes, what goes where, and JSON."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fream_compose import __version__
from fream_compose.project import lock
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage
from tests.fakes.commands import Fream


def plain(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "fream_compose", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_help_fits_a_screen_and_begins_with_what_it_is_for(fream: Fream) -> None:
    result = fream("--help")

    assert result.exit_code == 0
    assert "without dropping a request" in result.stdout
    for command in ("switch", "status", "up", "down"):
        assert re.search(rf"^\s+{command}\s", result.stdout, re.MULTILINE)
    assert len(result.stdout.splitlines()) <= 50


def test_the_version_is_printed(fream: Fream) -> None:
    result = fream("--version")

    assert (result.exit_code, result.stdout) == (0, f"fream {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [("swich",), ("switch",), ("switch", "--version"), ("status", "--loud"), ("up", "-o", "xml")],
)
def test_wrong_usage_is_2_and_told_on_stderr(fream: Fream, arguments: tuple[str, ...]) -> None:
    result = fream(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


@pytest.mark.parametrize("version", ["1.0;rm", "", "1.0 1.1", "--help;", "$(id)"])
def test_a_version_that_is_none_is_2_and_changes_nothing(fream: Fream, version: str) -> None:
    result = fream("switch", f"--version={version}")

    assert result.exit_code == 2
    assert "is not a version" in result.stderr


def test_a_release_is_0_and_says_what_serves(stage: Stage, fream: Fream) -> None:
    result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("1.0.1 (000000000000) in set1 serves; ")
    assert "Cut over to set1: confirmed by nginx" in result.stdout
    assert stage.serves() == "1.0.1"


def test_a_folder_without_a_project_is_3(tmp_path: Path) -> None:
    result = plain("status", cwd=tmp_path, FREAM_PROJECT_DIR="")

    assert result.returncode == 3
    assert "There is no fream project" in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_named_folder_is_not_searched_upwards(fream: Fream, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()

    result = fream("-C", str(tmp_path / "inside"), "status")

    assert result.exit_code == 3
    assert "or its parents" not in result.stderr


def test_another_run_is_4_and_is_named(stage: Stage, fream: Fream) -> None:
    with lock.hold(stage.settings.state_directory, "fream switch --version 9"):
        result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == 4
    assert "`fream switch --version 9`" in result.stderr
    assert f"process {os.getpid()}" in result.stderr
    assert stage.serves() == ""


def test_the_status_can_be_asked_while_another_run_is_at_work(stage: Stage, fream: Fream) -> None:
    with lock.hold(stage.settings.state_directory, "fream switch"):
        assert fream("status").exit_code == 0


def test_an_image_that_is_not_there_is_5(fream: Fream) -> None:
    result = fream("switch", "--version", "9.9.9")

    assert result.exit_code == 5
    assert "manifest unknown" in result.stderr
    assert "serving  Nothing was live before" in result.stderr


def test_an_unhealthy_release_is_6_with_its_log_and_what_serves(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.behaviours["1.0.1"] = Behaviour(status=500, logs=("no database",))

    result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == 6
    assert "error: The new release was not healthy" in result.stderr
    assert "log      no database" in result.stderr
    assert "serving  1.0.0 in set1 serves as before" in result.stderr
    assert "next     " in result.stderr


def test_a_configuration_that_nginx_refuses_is_7(stage: Stage, fream: Fream) -> None:
    (stage.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")

    result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == 7
    assert 'unknown directive "broken"' in result.stderr


def test_an_undo_that_fails_is_9_with_what_to_type(stage: Stage, fream: Fream) -> None:
    stage.project.behaviours["1.0.1"] = Behaviour(status=500)
    stage.project.fail("remove set1", "the engine hung")

    result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == 9
    assert "fream recover" in result.stderr


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_is_128_and_its_number_and_is_undone(
    stage: Stage, fream: Fream, signum: int, code: int
) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.before("up set2", lambda: os.kill(os.getpid(), signum))

    result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == code
    assert stage.serves() == "1.0.0"
    assert set(stage.project.running()) == {"set1"}
    assert "1.0.0 in set1 serves as before" in result.stderr


def test_two_signals_leave_at_once_and_name_the_command_that_tells_what_is_left(
    stage: Stage, fream: Fream
) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)

    stage.project.before("up set1", twice)

    result = fream("switch", "--version", "1.0.1")

    assert result.exit_code == 143
    assert "fream status" in result.stderr
    assert "fream recover" in result.stdout


def test_json_of_a_release_is_one_object_on_stdout(fream: Fream) -> None:
    result = fream("switch", "--version", "1.0.1", "--output", "json")

    told = json.loads(result.stdout)
    assert (told["ok"], told["command"]) == (True, "switch")
    assert told["result"]["live"]["set"] == "set1"
    assert told["result"]["live"]["version"].startswith("1.0.1@sha256:")
    assert told["result"]["replaced"] is None
    assert "Cut over to set1" in result.stderr


def test_json_of_a_failure_is_one_object_on_stdout_and_text_on_stderr(fream: Fream) -> None:
    result = fream("switch", "--version", "9.9.9", "-o", "json")

    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert told["error"]["kind"] == "EngineError"
    assert told["error"]["exit_code"] == result.exit_code == 5
    assert "manifest unknown" in told["error"]["why"]
    assert "error: " in result.stderr


def test_json_of_a_wrong_version_is_an_object_too(fream: Fream) -> None:
    told = json.loads(fream("switch", "--version", "a b", "-o", "json").stdout)

    assert told["error"]["exit_code"] == 2


def test_the_status_tells_what_is_live(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET2, "1.0.1")

    text = fream("status")
    told = json.loads(fream("status", "-o", "json").stdout)

    assert text.exit_code == 0
    assert re.search(r"^live +set2  1\.0\.1  healthy: /products HTTP 200", text.stdout, re.M)
    assert text.stdout.startswith("WELL  shop: 1.0.1 in set2 serves, users get HTTP 200\n")
    assert told["result"]["live"]["version"] == "1.0.1"
    assert told["result"]["idle"] == "set1"


def test_up_says_where_the_app_is_and_what_is_live(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")

    result = fream("up")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("live: 1.0.0")


def test_up_of_an_unknown_profile_is_2(fream: Fream) -> None:
    result = fream("up", "infrastructure")

    assert result.exit_code == 2
    assert "infra, set1, set2" in result.stderr


def test_down_keeps_the_data(stage: Stage, fream: Fream) -> None:
    result = fream("down")

    assert result.exit_code == 0
    assert "the data is kept" in result.stdout
    assert not stage.project.volumes_removed
    assert not stage.project.infra


def test_down_with_volumes_is_refused_where_nobody_can_be_asked(stage: Stage, fream: Fream) -> None:
    result = fream("down", "--volumes", input="y\n")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not stage.project.volumes_removed
    assert stage.project.infra


def test_down_with_volumes_and_yes_removes_the_data(stage: Stage, fream: Fream) -> None:
    result = fream("down", "--volumes", "--yes")

    assert result.exit_code == 0
    assert stage.project.volumes_removed


def test_help_needs_neither_docker_nor_a_project(tmp_path: Path) -> None:
    result = plain("--help", cwd=tmp_path, PATH="/nowhere")

    assert result.returncode == 0
    assert "without dropping a request" in result.stdout
