"""A run in a job of GitHub Actions: its groups and annotations, and nobody else's."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from fream_compose.cli.reports.github import GithubReport, command, neutral, summarize, summary
from fream_compose.report import Report
from tests import golden
from tests.fakes.screen import Clock
from tests.unit.cli.reports.runner import Command, commands
from tests.unit.cli.reports.runs import a_release

NASTY = "::error::x\n  ::add-mask::y\n50% of ##[set-output name=a]b: a,b\r\n\u3000::warning::z"


@pytest.mark.parametrize("fails", [True, False])
def test_a_job_tells_of_a_release_in_groups(fails: bool) -> None:
    out = io.StringIO()

    a_release(GithubReport(out=out), Clock(), fails)

    golden.holds(f"run/{'fails' if fails else 'done'}-github.txt", out.getvalue())
    found = [each.name for each in commands(out.getvalue())]
    steps = 3 if fails else 4
    assert found.count("group") == found.count("endgroup") == steps
    assert set(found) == {"group", "endgroup", "warning"}, "nothing of what an app printed"


def test_foreign_text_is_no_command() -> None:
    assert commands(NASTY), "the runner would take it for some"

    assert commands(neutral(NASTY)) == []


@pytest.mark.parametrize("timestamps", [True, False])
def test_a_note_a_detail_and_a_title_are_no_command(timestamps: bool) -> None:
    out = io.StringIO()
    report = GithubReport(out=out, timestamps=timestamps)

    report.note(NASTY)
    with report.step(NASTY) as step:
        step.detail = NASTY

    assert [each.name for each in commands(out.getvalue())] == ["group", "endgroup"]


def test_what_a_command_says_arrives_as_it_was() -> None:
    line = command("error", "100% of it\nfailed: a, b", title="a: b, c%2C")

    assert "\n" not in line
    assert commands(line) == [Command("error", "100% of it\nfailed: a, b", {"title": "a: b, c%2C"})]


def test_a_warning_is_an_annotation_in_one_line() -> None:
    out = io.StringIO()

    GithubReport(out=out).warn("not drained\nat all")

    assert commands(out.getvalue()) == [
        Command("warning", "not drained\nat all", {"title": "fream"})
    ]


@pytest.mark.parametrize("fails", [True, False])
def test_the_summary_of_a_job_tells_what_became_of_it(fails: bool) -> None:
    report = Report()
    a_release(report, Clock(), fails)
    ended = "1.0.1 is not healthy" if fails else "1.0.1 (0badcafe0001) in set2 serves; 37 s"
    lines = ["  why      HTTP 404", "  log      ``` | <b>"] if fails else []

    told = summary(report, ended, not fails, "1,204 requests served, 0 failed", lines)

    golden.holds(f"run/{'fails' if fails else 'done'}-summary.md", told)


def test_foreign_text_is_no_markdown() -> None:
    report = Report()
    report.warn("a | b\n# c [x](y) <img src=z> *d* `e` &lt;")

    told = summary(report, "done", True, "", [])

    assert r"- a \| b \# c \[x\](y) &lt;img src=z> \*d\* \`e\` &amp;lt;" in told


def test_the_summary_is_added_to_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))

    summarize(Report(), "done \ud800", True, "", [])

    assert path.read_text(encoding="utf-8").startswith("before\n### ✅ done")


@pytest.mark.parametrize("place", ["", "missing/folder/summary.md", "."])
def test_no_run_fails_for_its_summary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / place) if place else "")

    summarize(Report(), "done", True, "", [])

    assert list(tmp_path.iterdir()) == []
