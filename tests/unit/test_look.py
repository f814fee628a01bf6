"""Looking, from the command line: the history, the settings, logs, exec and the watch."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import yaml
from typer.testing import CliRunner, Result

from fream_compose.cli import app
from fream_compose.history import Entry
from fream_compose.project import Project
from fream_compose.release import SetName
from tests.fakes import Stage

Fream = Callable[..., Result]
GOOD = Entry(
    "20260101T080000Z-aaaa01",
    "1.0.0@sha256:" + "1" * 64,
    "set1",
    "",
    "2026-01-01T08:00:00+00:00",
    2.5,
    "done",
    "hong@shop (jenkins-7)",
    {"Start set1": 0.4, "Cut over to set1": 0.25},
    evidence={"served": 12345, "failed": 0, "by_set": {"set1": 12345}},
)
BAD = Entry(
    "20260102T080000Z-bbbb02",
    "1.0.1",
    "set2",
    "1.0.0",
    "2026-01-02T08:00:00+00:00",
    100.0,
    "UnhealthyError",
    "root@shop",
    why="The new release was not healthy: HTTP 500\n\x1b[2Jno database",
)


class Became(SystemExit):
    """What would have replaced fream's process."""


@pytest.fixture
def fream(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Fream:
    """Runs a command in a project whose containers are fakes."""

    def opened(*_: object) -> Project:
        return stage.project

    for name in ("compose.yaml", "infra.yaml"):
        (stage.settings.compose_directory / name).touch()
    monkeypatch.setattr("fream_compose.project.open_project", opened)
    monkeypatch.setattr(stage.project, "template", lambda: stage.config)
    monkeypatch.setenv("FREAM_PROJECT_DIR", str(stage.settings.compose_directory.parent))

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(app, list(arguments), catch_exceptions=False, **options)

    return run


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that fream's process has become; each ends with 7."""
    lines: list[list[str]] = []

    def exec_(_file: str, line: list[str]) -> NoReturn:
        lines.append(line)
        raise Became(7)

    monkeypatch.setattr("fream_compose.docker.os.execvp", exec_)
    return lines


# --- history ---


def test_the_history_tells_who_released_what_and_how_it_ended(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    stage.history.add(BAD)

    headings, first, last = fream("history").stdout.splitlines()

    assert headings.split() == [
        "id",
        "when",
        "version",
        "set",
        "took",
        "by",
        *["how", "it", "ended"],
    ]
    assert re.match(r"aaaa01  2026-01-01 .{8}  1\.0\.0 +set1 +2\.5s", first)
    assert first.endswith("hong@shop (jenkins-7)  done; 12,345 served, 0 failed")
    assert last.endswith("failed; The new release was not healthy: HTTP 500")


def test_the_history_is_limited_to_the_newest(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    stage.history.add(BAD)

    shown = fream("history", "--limit", "1").stdout

    assert "bbbb02" in shown
    assert "aaaa01" not in shown


def test_a_history_of_nothing_says_so(fream: Fream) -> None:
    result = fream("history")

    assert (result.exit_code, result.stdout) == (0, "Nothing was released yet\n")


def test_lines_that_cannot_be_read_are_counted(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    path = stage.settings.state_directory / "history.jsonl"
    path.write_bytes(b'{"id": "torn\n' + path.read_bytes() + b"\xff\n")

    told = json.loads(fream("history", "-o", "json").stdout)["result"]

    assert fream("history").stdout.endswith("2 lines of the history could not be read\n")
    assert [entry["id"] for entry in told["entries"]] == [GOOD.id]
    assert told["passed_over"] == 2


@pytest.mark.parametrize("wanted", [BAD.id, "20260102", "bbbb02"])
def test_one_release_is_shown_in_full_by_its_id_or_a_part(
    stage: Stage, fream: Fream, wanted: str
) -> None:
    stage.history.add(GOOD)
    stage.history.add(BAD)

    shown = fream("history", "show", wanted).stdout

    assert f"id        {BAD.id}" in shown
    assert "set2, in place of 1.0.0" in shown
    assert "UnhealthyError after 100.0s" in shown
    assert "no database" in shown
    assert "\x1b" not in shown
    assert "none was recorded" in shown


def test_steps_and_evidence_of_a_release_are_shown(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)

    shown = fream("history", "show", "2026")

    assert re.search(r"Cut over to set1 +0\.25s", shown.stdout)
    assert "12,345 requests served, 0 failed" in shown.stdout


def test_a_release_is_told_to_programs_as_it_was_recorded(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)

    told = json.loads(fream("history", "show", GOOD.id, "-o", "json").stdout)

    assert told["command"] == "history show"
    assert told["result"]["steps"] == GOOD.steps
    assert told["result"]["evidence"] == GOOD.evidence


@pytest.mark.parametrize(
    ("wanted", "what"),
    [("cccc", "No release has the id 'cccc'"), ("2026", "2 releases"), ("", "No")],
)
def test_an_id_that_names_no_release_or_several_is_2(
    stage: Stage, fream: Fream, wanted: str, what: str
) -> None:
    stage.history.add(GOOD)
    stage.history.add(BAD)

    result = fream("history", "show", wanted)

    assert result.exit_code == 2
    assert what in result.stderr


def test_the_history_needs_no_docker(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    done = subprocess.run(
        [sys.executable, "-m", "fream_compose", "history"],
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, fream("history").stdout)


# --- logs and exec ---


def test_the_log_of_the_live_set_is_dockers_own(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET2, "1.0.0")

    assert fream("logs").exit_code == 7
    assert became == [["docker", "container", "logs", "--tail=100", "shop-app-set2"]]


@pytest.mark.parametrize(
    ("options", "passed"),
    [
        (["--since", "10m"], ["--since=10m", "--tail=all"]),
        (
            ["--since", "2026-01-01T00:00:00Z", "--tail", "3"],
            ["--since=2026-01-01T00:00:00Z", "--tail=3"],
        ),
        (["-f", "-n", "0"], ["--follow", "--tail=0"]),
    ],
)
def test_what_of_a_log_is_printed_can_be_said(
    fream: Fream, became: list[list[str]], options: list[str], passed: list[str]
) -> None:
    fream("logs", "nginx", *options)

    assert became == [["docker", "container", "logs", *passed, "shop-nginx"]]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("logs", "redis"), "live, idle, set1, set2, mysql, nginx"),
        (("logs", "live"), "there was no release yet"),
        (("logs", "set1"), "set1 has no container"),
        (("logs", "nginx", "--since", "soon"), "--since soon is not a moment"),
        (("exec", "nginx", "--", "ls"), "live, idle, set1, set2"),
        (("exec", "idle", "--", "ls"), "there was no release yet"),
    ],
)
def test_a_place_or_a_moment_that_does_not_exist_is_2(
    fream: Fream, became: list[list[str]], arguments: tuple[str, ...], what: str
) -> None:
    result = fream(*arguments)

    assert result.exit_code == 2
    assert what in result.stderr
    assert not became


def test_the_live_set_is_known_while_nginx_is_silent(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET2, "1.0.0")
    stage.nginx.stop()

    fream("logs", "live")

    assert became[0][-1] == "shop-app-set2"


def test_a_command_in_a_set_ends_with_its_own_code(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET1, "1.0.0")

    result = fream("exec", "live", "--", "ls", "-l", "--", "x")

    assert result.exit_code == 7
    assert became == [["docker", "container", "exec", "shop-app-set1", "ls", "-l", "--", "x"]]


def test_nothing_is_run_in_a_set_that_has_ended(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.apps[SetName.SET1].end(1)

    result = fream("exec", "set1", "--", "ls", "-o", "json")

    assert result.exit_code == 2
    assert "set1 does not run" in result.stderr
    assert "fream logs set1" in result.stderr
    assert not became


# --- config ---


def test_the_settings_in_force_are_yaml(fream: Fream) -> None:
    told = yaml.safe_load(fream("config").stdout)

    assert told["project"] == "shop"
    assert told["image"] == "127.0.0.1:5000/fream"
    assert told["x-fream"]["health"]["timeout"] == "400ms"


def test_the_settings_name_their_source_for_programs(fream: Fream) -> None:
    told = json.loads(fream("config", "-o", "json").stdout)["result"]

    timeout = {"value": "400ms", "source": "compose", "variables": []}
    assert told["x-fream"]["health"]["timeout"] == timeout
    assert told["x-fream"]["health"]["path"]["source"] == "default"


# --- watch ---


def test_a_watch_that_is_no_terminal_is_a_line_for_each_look(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")

    result = fream("status", "--watch", "--interval", "200ms", "--count", "2")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert all(re.match(r"\d\d:\d\d:\d\d  1\.0\.0 in set1 serves, healthy", line) for line in lines)


def test_a_watch_is_one_json_object_for_each_look(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)

    result = fream("status", "-w", "--interval", "200ms", "--count", "2", "-o", "json")

    first, _ = map(json.loads, result.stdout.splitlines())
    assert (first["ok"], first["command"]) == (True, "status")
    assert first["result"]["events"][0]["id"] == GOOD.id
    assert set(first["result"]["traffic"]) == {"set1", "set2"}


def test_ctrl_c_ends_a_watch_with_0(stage: Stage, fream: Fream) -> None:
    stage.project.before("containers", lambda: os.kill(os.getpid(), signal.SIGINT))

    result = fream("status", "--watch")

    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1


def test_a_job_that_is_ended_ends_a_watch_with_143(stage: Stage, fream: Fream) -> None:
    stage.project.before("containers", lambda: os.kill(os.getpid(), signal.SIGTERM))

    assert fream("status", "--watch").exit_code == 143


def test_a_watch_goes_on_while_docker_does_not_answer(stage: Stage, fream: Fream) -> None:
    stage.project.fail("containers", "the daemon restarts")

    result = fream("status", "--watch", "--interval", "200ms", "--count", "2")

    assert result.exit_code == 0
    assert result.stdout.count("the daemon restarts") == 2


def test_an_interval_that_is_none_is_2(fream: Fream) -> None:
    result = fream("status", "--watch", "--interval", "often")

    assert result.exit_code == 2
    assert "--interval is not valid" in result.stderr
