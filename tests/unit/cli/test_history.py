"""fream history: what was released."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from fream_compose.project.history import Entry
from tests.fakes import Stage
from tests.fakes.commands import Fream

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
