"""A run in a CI job and in a pipe, from its first line to its last."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from fream_compose.project.operator import who
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage
from tests.fakes.commands import Fream
from tests.unit.cli.reports.runner import commands

STAMPED = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  ")


@pytest.fixture(autouse=True)
def live(stage: Stage) -> Stage:
    """A project in which 1.0.0 is live."""
    stage.put(SetName.SET1, "1.0.0")
    return stage


@pytest.fixture
def summary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A job of GitHub Actions, and where it wants the summary."""
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_a_log_begins_with_what_is_released_where_and_by_whom(live: Stage, fream: Fream) -> None:
    result = fream("switch", "1.0.1")

    first, second, *rest = result.stdout.splitlines()
    assert first.startswith(f"shop on {socket.gethostname()}: fream")
    assert first.endswith(f", by {who()}")
    identifier = live.history.entries()[-1].id
    assert re.fullmatch(rf"1\.0\.0.* in set1 → 1\.0\.1 in set2, run {identifier}", second)
    assert "[1/9] Pull 1.0.1 …" in rest
    assert rest[-1].startswith("1.0.1 "), "and ends with what serves"
    assert "::" not in result.stdout


def test_other_commands_begin_with_a_heading_too(fream: Fream) -> None:
    assert fream("recover").stdout.startswith("shop on ")
    assert not fream("status").stdout.startswith("shop on ")


def test_quiet_is_quiet(fream: Fream) -> None:
    assert len(fream("switch", "1.0.1", "-q").stdout.splitlines()) == 1


def test_every_line_has_its_time_where_that_was_asked_for(live: Stage, fream: Fream) -> None:
    good = fream("switch", "1.0.1", "--timestamps")
    live.project.registry["1.0.2"] = ""
    bad = fream("switch", "none-such", "--timestamps")

    for text in (good.stdout, bad.stdout, bad.stderr):
        assert text
        assert all(STAMPED.match(line) for line in text.splitlines())
    assert not STAMPED.match(fream("switch", "1.0.0").stdout), "and only there"


def test_a_job_of_github_gets_groups_and_a_summary(fream: Fream, summary: Path) -> None:
    result = fream("switch", "1.0.1")

    found = [each.name for each in commands(result.stdout)]
    assert found.count("group") == found.count("endgroup") > 5
    assert set(found) == {"group", "endgroup"}
    told = summary.read_text(encoding="utf-8")
    assert told.startswith("### ✅ 1.0.1 ")
    assert "| from → to | 1.0.0" in told


def test_a_failure_is_an_annotation_and_what_the_app_said_is_none(
    live: Stage, fream: Fream, summary: Path
) -> None:
    logs = ("::error::not ours", "##[add-mask]secret")
    live.project.behaviours["1.0.1"] = Behaviour(status=500, logs=logs)

    result = fream("switch", "1.0.1")

    assert result.exit_code == 6
    found = commands(result.stdout)
    (error,) = [each for each in found if each.name == "error"]
    assert "not healthy within" in error.properties["title"]
    assert "HTTP 500" in error.data
    assert "not ours" not in error.data
    assert commands(result.stderr) == []
    assert {each.name for each in found} == {"group", "endgroup", "error"}
    assert summary.read_text(encoding="utf-8").startswith("### ❌ ")


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_a_program_gets_no_commands_of_github(fream: Fream, summary: Path, output: str) -> None:
    good = fream("switch", "1.0.1", "--output", output)
    bad = fream("switch", "none-such", "--output", output)

    for result in (good, bad):
        assert commands(result.stdout) + commands(result.stderr) == []
        assert json.loads(result.stdout.splitlines()[-1])["ok"] is (result is good)
    assert summary.read_text(encoding="utf-8").count("### ") == 2


def test_what_only_looks_leaves_no_summary(fream: Fream, summary: Path) -> None:
    fream("status")
    fream("history")

    assert not summary.exists()


def test_a_summary_that_cannot_be_written_fails_no_release(fream: Fream, summary: Path) -> None:
    summary.mkdir()

    assert fream("switch", "1.0.1").exit_code == 0
