"""fream history: what was released."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fream_compose import times
from fream_compose.project.entry import Entry, Result
from fream_compose.release_report.facts import ReleaseReport
from fream_compose.release_report.markdown import markdown
from fream_compose.release_report.page import page
from tests.fakes import Stage
from tests.fakes.commands import Fream
from tests.unit.release_report import examples

GOOD = Entry(
    "20260101T080000Z-aaaa01",
    "1.0.0@sha256:" + "1" * 64,
    "set1",
    "",
    "2026-01-01T08:00:00+00:00",
    2.5,
    Result.DONE,
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
    Result.FAILED,
    "root@shop",
    why="The new release was not healthy: HTTP 500\n\x1b[2Jno database",
)


def test_the_history_tells_who_released_what_and_how_it_ended(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    stage.history.add(BAD)

    headings, first, last = fream("history").stdout.splitlines()

    assert re.split(r"  +", headings) == [
        *("id", f"when ({times.zone(GOOD.started)})", "what", "from → to"),
        *("result", "took", "by", "traffic or why"),
    ]
    assert re.split(r"  +", first) == [
        *("aaaa01", times.moment(GOOD.started), "switch", "1.0.0", "done", "2.5 s"),
        *("hong@shop (jenkins-7)", "12,345 served, 0 failed"),
    ]
    assert last.endswith("failed  1 min 40 s  root@shop              " + BAD.why.split("\n")[0])
    assert "1.0.0 → 1.0.1" in last


def test_the_history_is_limited_to_the_newest(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    stage.history.add(BAD)

    shown = fream("history", "--limit", "1").stdout

    assert "bbbb02" in shown
    assert "aaaa01" not in shown


def test_a_history_of_nothing_says_so(fream: Fream) -> None:
    result = fream("history")

    assert (result.exit_code, result.stdout) == (0, "Nothing was done yet\n")


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
    assert "failed after 1 min 40 s" in shown
    assert "no database" in shown
    assert "\x1b" not in shown
    assert "none was recorded" in shown


def test_steps_and_evidence_of_a_release_are_shown(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)

    shown = fream("history", "show", "2026")

    assert re.search(r"Cut over to set1 +0\.2 s", shown.stdout)
    assert "12,345 requests served, 0 failed" in shown.stdout


def test_a_release_is_told_to_programs_as_it_was_recorded(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)

    told = json.loads(fream("history", "show", GOOD.id, "-o", "json").stdout)

    assert told["command"] == "history show"
    assert told["result"]["steps"] == GOOD.steps
    assert told["result"]["evidence"] == GOOD.evidence


@pytest.mark.parametrize(
    ("wanted", "what"),
    [("cccc", "No run has the id 'cccc'"), ("2026", "2 runs"), ("", "No")],
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


@pytest.fixture
def reported(stage: Stage) -> ReleaseReport:
    """A release with a report of its own."""
    report = examples.never_healthy()
    stage.history.add(report.run)
    stage.settings.state.reports.write(report.run.id, report.to_json(), "")
    return report


def test_a_release_is_told_for_a_chat(reported: ReleaseReport, fream: Fream) -> None:
    result = fream("history", "show", "3f9a1c", "--output", "markdown")

    assert result.stdout == markdown(reported) + "\n"
    assert "retry 8 of 9" in result.stdout


def test_a_release_is_written_as_one_page(
    reported: ReleaseReport, fream: Fream, tmp_path: Path
) -> None:
    place = tmp_path / "report.html"

    said = fream("history", "show", "3f9a1c", "--output", "html", str(place))
    shown = fream("history", "show", "3f9a1c", "--output", "html")

    assert said.stdout == f"{place} is written\n"
    assert place.read_text() == shown.stdout == page(reported)
    assert 'class="area old"' in shown.stdout


def test_a_release_without_a_report_is_told_by_its_row(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    stage.settings.state.reports.write(GOOD.id, '{"schema": 1, "log": 7}', "")

    told = fream("history", "show", GOOD.id, "-o", "markdown").stdout
    shown = fream("history", "show", GOOD.id, "-o", "html").stdout

    assert told.startswith("*1.0.0 is live* (done)\n- `nothing → 1.0.0 (set1)`\n")
    assert "No request failed" in told
    assert "Cut over to set1" in shown


@pytest.mark.parametrize("output", ["text", "json"])
def test_only_a_page_and_markdown_go_to_a_file(
    reported: ReleaseReport, fream: Fream, output: str, tmp_path: Path
) -> None:
    result = fream("history", "show", reported.run.id, "-o", output, str(tmp_path / "file"))

    assert result.exit_code == 2
    assert not (tmp_path / "file").exists()


def test_a_place_that_cannot_be_written_to_is_told(
    reported: ReleaseReport, fream: Fream, tmp_path: Path
) -> None:
    for place in (tmp_path, tmp_path / "none" / "report.html"):
        result = fream("history", "show", reported.run.id, "-o", "html", str(place))

        assert result.exit_code == 3
        assert f"{place} cannot be written" in result.stderr


def test_a_page_may_go_to_what_is_no_file(reported: ReleaseReport, fream: Fream) -> None:
    result = fream("history", "show", reported.run.id, "-o", "html", "/dev/null")

    assert (result.exit_code, result.stdout) == (0, "/dev/null is written\n")
