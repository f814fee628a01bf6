"""What is kept of a release that has ended, and what the hooks of its end find."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import EngineError, FreamError
from fream_compose.nginx.recorder import Recorder
from fream_compose.operations.ending import variables
from fream_compose.project import operator
from fream_compose.project.entry import Kind, Result
from fream_compose.release import SetName
from fream_compose.step_ids import StepId
from tests import schema
from tests.fakes import Stage
from tests.unit.release_report import examples

END = ("after_release", "after_failure")
KEEPS = ["sh", "-c", 'env -0 > "$0.$FREAM_HOOK"']


def staged(folder: Path, **more: Any) -> Stage:
    """A project in which 1.0.0 is live, whose hooks keep what they find."""
    hook = {"run": [*KEEPS, str(folder / "found")]}
    stage = Stage(folder, hooks={**{key: [hook] for key in END}, **more})
    stage.put(SetName.SET1, "1.0.0")
    return stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = staged(tmp_path)
    yield made
    made.project.close()


def found(folder: Path, moment: str) -> dict[str, str]:
    """What a hook found, by name without the prefix."""
    rows = (folder / f"found.{moment}").read_text().rstrip("\0").split("\0")
    pairs = (row.partition("=") for row in rows)
    return {name[6:]: value for name, _, value in pairs if name.startswith("FREAM_")}


def read(path: str) -> Any:
    """A report as it is kept."""
    return schema.holds_report(Path(path).read_text())


def test_a_release_that_ended_well_is_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator, "_told", operator._Told(note="Prices with two decimals"))

    stage.switch("1.0.1")

    told = found(tmp_path, "after_release")
    (entry,) = stage.history.entries()
    assert (told["RESULT"], told["EXIT_CODE"], told["WHY"], told["FAILED_STEP"]) == (
        *("done", "0", ""),
        "",
    )
    assert told["VERSION"] == "1.0.1"
    assert told["BY"] == entry.by
    assert told["NOTE"] == entry.note == "Prices with two decimals"
    assert (told["SERVED"], told["FAILED"]) == ("", "")
    assert 0 < float(told["SECONDS"]) <= entry.seconds
    assert read(told["REPORT"])["run"]["id"] == told["SWITCH"] == entry.id
    assert Path(told["REPORT_PAGE"]).read_text().startswith("<!doctype html>")
    assert not (tmp_path / "found.after_failure").exists()


def test_they_are_the_last_step_of_the_plan(stage: Stage) -> None:
    stage.switch("1.0.1")

    assert stage.watcher.steps[-1] == "Run the hooks after release"
    (entry,) = stage.history.entries()
    assert entry.step_ids["Run the hooks after release"] == StepId.AFTER_RELEASE
    assert [hook.moment for hook in entry.hooks] == ["after_release"]


def test_a_release_that_failed_is_told_with_its_step_and_why(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(FreamError) as error:
        stage.switch("9.9")

    told = found(tmp_path, "after_failure")
    (entry,) = stage.history.entries()
    assert (told["RESULT"], told["EXIT_CODE"], told["FAILED_STEP"]) == ("failed", "5", "pull")
    assert "could not be pulled" in told["WHY"]
    assert "\n" not in told["WHY"]
    assert (told["SERVED"], told["FAILED"]) == ("", "")
    report = read(told["REPORT"])
    assert report["serving"] == error.value.serving
    assert "1.0.0" in report["serving"]
    assert [step["id"] for step in report["steps"] if step["failed"]] == ["pull"]
    assert entry.failed_step == "pull"
    assert not (tmp_path / "found.after_release").exists()


def test_a_cancelled_release_is_told_too(stage: Stage, tmp_path: Path) -> None:
    stage.watcher.at["Check the health"] = lambda: stage.interruption.note(signal.SIGTERM)

    with pytest.raises(FreamError):
        stage.switch("1.0.1")

    told = found(tmp_path, "after_failure")
    assert (told["RESULT"], told["EXIT_CODE"]) == ("cancelled", "143")


def test_a_release_that_users_fare_worse_on_is_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = examples.failing()
    assert worse.evidence
    monkeypatch.setattr(Recorder, "evidence", lambda *_: worse.evidence)

    outcome = stage.switch("1.0.1")

    told = found(tmp_path, "after_release")
    assert outcome.worse
    assert (told["RESULT"], told["EXIT_CODE"]) == ("failing", "11")
    assert told["WHY"].startswith("Users fare worse on it: 59 of 720 requests (8.2%) to 1.0.1")
    assert (told["SERVED"], told["FAILED"]) == (str(worse.evidence.served), "59")


def test_what_others_wrote_reaches_a_hook_as_one_line_of_at_most_500_characters(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "no such\x1b[2J\nimage $(touch ran) `x` " + "y" * 9_000

    def fails(*_: object, **__: object) -> None:
        raise FreamError("It failed", said)

    monkeypatch.setattr(stage.project, "fetch", fails)
    with pytest.raises(FreamError):
        stage.switch("1.0.1")

    told = found(tmp_path, "after_failure")
    assert len(told["WHY"]) == 500
    assert told["WHY"].startswith("It failed: no such\ufffd[2J image $(touch ran) `x` yyy")
    assert not (stage.settings.compose_directory / "ran").exists()


@pytest.mark.parametrize("moment", ["before_start", "after_cut_over"])
def test_every_hook_finds_who_and_why_but_not_how_it_will_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(operator, "_told", operator._Told(note="why"))
    stage = staged(tmp_path, **{moment: [{"run": [*KEEPS, str(tmp_path / "found")]}]})

    stage.switch("1.0.1")

    told = found(tmp_path, moment)
    assert told["NOTE"] == "why"
    assert told["BY"]
    assert "RESULT" not in told
    stage.project.close()


@pytest.mark.parametrize(("moment", "version"), [(END[0], "1.0.1"), (END[1], "9.9")])
def test_a_hook_of_the_end_that_fails_is_a_warning_on_record(
    tmp_path: Path, moment: str, version: str
) -> None:
    stage = staged(tmp_path, **{moment: [{"run": "sh -c 'echo no webhook; exit 3'"}]})
    with suppress(EngineError):
        stage.switch(version)

    (entry,) = stage.history.entries()
    assert entry.result is (Result.DONE if version == "1.0.1" else Result.FAILED)
    assert [(hook.moment, hook.result) for hook in entry.hooks] == [(moment, "exit code 3")]
    assert any("hook" in warning for warning in entry.warnings)
    report = read(str(stage.settings.state.reports.json(entry.id)))
    assert report["run"]["hooks"][0]["output"] == "no webhook\n"
    assert "no webhook" in stage.settings.state.reports.page(entry.id).read_text()
    stage.project.close()


def test_hooks_of_the_end_are_left_out_when_hooks_are_skipped(stage: Stage, tmp_path: Path) -> None:
    stage.switch("1.0.1", skip_hooks=True)

    assert not (tmp_path / "found.after_release").exists()
    assert stage.history.entries()[-1].warnings == (
        "the hooks after release were skipped, as --skip-hooks asked for",
    )


def test_they_run_after_a_rollback_too(stage: Stage, tmp_path: Path) -> None:
    stage.switch("1.0.1")
    stage.fresh()

    stage.switch("1.0.0", kind=Kind.ROLLBACK)

    assert found(tmp_path, "after_release")["KIND"] == "rollback"


def test_a_report_that_cannot_be_written_is_a_warning_and_no_path(
    stage: Stage, tmp_path: Path
) -> None:
    stage.settings.state_directory.mkdir(exist_ok=True)
    stage.settings.state.reports.directory.write_text("in the way")

    stage.switch("1.0.1")

    told = found(tmp_path, "after_release")
    assert (told["REPORT"], told["REPORT_PAGE"], told["RESULT"]) == ("", "", "done")
    assert any("no report of this release" in each for each in stage.watcher.warnings)


def test_a_fault_of_the_page_itself_fails_no_release(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("fream_compose.operations.ending.page", stumbles)

    stage.switch("1.0.1")

    assert found(tmp_path, "after_release")["REPORT_PAGE"] == ""
    assert stage.history.entries()[-1].result is Result.DONE
    (warning,) = stage.watcher.warnings[:1]
    assert "no report of this release: fream itself failed: ZeroDivisionError" in warning


def test_the_steps_of_a_report_are_where_they_were_on_the_time_of_the_run(stage: Stage) -> None:
    stage.switch("1.0.1")

    (entry,) = stage.history.entries()
    steps = read(str(stage.settings.state.reports.json(entry.id)))["steps"]
    begins = [step["began"] for step in steps]
    assert begins == sorted(begins)
    assert begins[0] >= -0.01
    assert begins[-1] <= entry.seconds
    assert {step["id"] for step in steps} > {"pull", "start", "cut-over"}


def test_what_was_not_recorded_is_not_told_as_none() -> None:
    report = examples.good()
    unseen = {"served": 0, "failed": 0, "missing": "nginx's log could not be read"}
    without = replace(report, run=replace(report.run, evidence=unseen))

    assert [variables(report)[f"FREAM_{name}"] for name in ("SERVED", "FAILED")] == ["2130", "0"]
    assert [variables(without)[f"FREAM_{name}"] for name in ("SERVED", "FAILED")] == ["", ""]
