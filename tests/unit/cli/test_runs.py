"""The rows of runs: there from the first step on, closed at the end, whatever the end is."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError, GuardError, InterruptedRun
from fream_compose.interruption import LeaveNow
from fream_compose.operations.journal import Journal
from fream_compose.operations.left_runs import close
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.rollback import target
from fream_compose.operations.switch import Switch
from fream_compose.project import lock
from fream_compose.project.entry import Entry, Kind, Result, read_entry
from fream_compose.project.history import History
from fream_compose.release import SetName, Version
from fream_compose.report import Place, Report
from tests.fakes import Behaviour, Stage
from tests.fakes.commands import Fream


def rows(stage: Stage) -> list[tuple[str, str, int | None]]:
    """What the history holds: kind, result and exit code of each run."""
    return [(e.kind, e.result, e.exit_code) for e in stage.history.read().entries]


def last(stage: Stage) -> Entry:
    return stage.history.read().entries[-1]


def lines(stage: Stage) -> list[dict[str, Any]]:
    """Every line of the file of releases."""
    path = stage.settings.state_directory / "history.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_release_has_a_row_before_anything_is_changed(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["fream", "switch", "1.0.0", "--note", "first one"]
    monkeypatch.setattr("sys.argv", typed)
    seen: list[tuple[str, str, str, bool]] = []

    def look() -> None:
        (entry,) = stage.history.read().entries
        seen.append((entry.result, entry.version, entry.set, entry.ended))

    stage.project.before("fetch 1.0.0", look)

    result = fream("switch", "1.0.0", "--by", "anna", "--note", "first one", "-o", "json")

    assert seen == [("running", "1.0.0", "set1", False)]
    entry = last(stage)
    assert (entry.result, entry.exit_code, entry.released) == (Result.DONE, 0, True)
    assert (entry.by.partition(" ")[0], entry.note) == ("anna", "first one")
    assert entry.command == "fream switch 1.0.0 --note 'first one'"
    assert {line["id"] for line in lines(stage)} == {entry.id}
    told = json.loads(result.stdout)["result"]
    assert (told["by"], told["note"]) == (entry.by, "first one")
    assert told["live"]["switch"] == entry.id


def test_a_release_that_fails_names_the_step_and_keeps_its_log(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.behaviours["1.0.1"] = Behaviour(status=500, logs=("no database", "giving up"))

    result = fream("switch", "1.0.1")

    entry = last(stage)
    assert (entry.result, entry.exit_code, entry.failed_step) == (Result.FAILED, 6, "health")
    assert entry.error == "UnhealthyError"
    assert f"fream logs --of {entry.short_id}" in result.stderr
    assert fream("logs", "--of", entry.short_id).stdout == "no database\ngiving up\n"
    assert fream("logs", "--of", entry.id, "--tail", "1").stdout == "giving up\n"


def test_what_is_secret_is_hidden_in_a_log_that_is_kept(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.secrecy._known", ["tomcat-42"])
    stage.put(SetName.SET1, "1.0.0")
    stage.project.behaviours["1.0.1"] = Behaviour(status=500, logs=("login tomcat-42 refused",))

    fream("switch", "1.0.1")

    assert fream("logs", "--of", last(stage).id).stdout == "login *** refused\n"


def test_a_log_that_cannot_be_had_or_kept_fails_no_undo(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.behaviours["1.0.1"] = Behaviour(status=500)
    stage.project.fail("end_of_log shop-app-set2", "the engine is silent")

    result = fream("switch", "1.0.1")

    assert result.exit_code == 6
    assert set(stage.project.running()) == {"set1"}
    assert "the log of set2 is not kept" in result.stdout
    assert "--of" not in result.stderr

    stage.project.script.clear()
    (stage.settings.state_directory / "logs").write_text("no folder")

    assert fream("switch", "1.0.1").exit_code == 6
    assert set(stage.project.running()) == {"set1"}
    assert last(stage).log == ""


def test_an_id_without_a_log_is_2_and_says_why(stage: Stage, fream: Fream) -> None:
    fream("switch", "1.0.0")
    entry = last(stage)

    result = fream("logs", "--of", entry.short_id)
    assert (result.exit_code, "Nothing was taken back" in result.stderr) == (2, True)

    stage.history.add(replace(entry, log=f"{entry.id}.log"))
    result = fream("logs", "--of", entry.short_id)
    assert (result.exit_code, "Only those of the last 20" in result.stderr) == (2, True)

    for more in (["--follow"], ["--since", "1m"], ["nginx"]):
        assert fream("logs", "--of", entry.short_id, *more).exit_code == 2
    assert fream("logs", "--of", "nothing").exit_code == 2


def die(stage: Stage, monkeypatch: pytest.MonkeyPatch, step: str) -> Entry:
    """A release of 1.0.1 whose process is killed at a step; returns its row as it was left."""
    journal = Journal(stage.history, stage.watcher, stage.clock, Kind.SWITCH, "fream switch 1.0.1")
    noted = stage.settings.state.notes.begin("fream switch 1.0.1")

    def killed() -> None:
        stage.settings.state.notes.follow(replace(noted, step=step))
        monkeypatch.setattr(History, "add", lambda *_: None)
        raise LeaveNow(signal.SIGKILL)

    stage.watcher.at[step] = killed
    context = replace(stage.context, journal=journal)
    with pytest.raises(LeaveNow), journal.recording():
        Switch(context).run(SwitchRequest(Version("1.0.1")))
    monkeypatch.undo()
    return last(stage)


@pytest.mark.parametrize("step", ["Pull", "Check the health", "Cut over"])
def test_a_release_that_was_killed_before_its_cut_over_is_interrupted(
    live: Stage, fream: Fream, step: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        left = die(live, patch, step)
    assert (left.result, left.served) == (Result.RUNNING, False)
    assert left.id not in [entry.id for entry in live.history.entries()]
    live.fresh()

    result = fream("recover")

    entry = next(e for e in live.history.read().entries if e.id == left.id)
    assert result.exit_code == 0
    assert (entry.result, entry.served, entry.failed_step) == (Result.INTERRUPTED, False, step)
    assert entry.why.endswith("; 1.0.1 does not serve")
    assert f"{entry.short_id}, a switch by" in result.stdout
    assert live.serves() == "1.0.0"
    assert bool(entry.log) is (step != "Pull")


@pytest.mark.parametrize("step", ["Drain set1", "Stop and remove set1"])
def test_a_release_that_was_killed_after_its_cut_over_counts_as_one_that_served(
    live: Stage, fream: Fream, step: str
) -> None:
    first = live.history.entries()[-1]
    with pytest.MonkeyPatch.context() as patch:
        left = die(live, patch, step)
    assert (left.result, left.served) == (Result.RUNNING, True)
    live.fresh()

    fream("recover")

    entry = live.history.entries()[-1]
    assert (entry.id, entry.result, entry.served) == (left.id, Result.INTERRUPTED, True)
    assert entry.why.endswith("; 1.0.1 serves")
    assert entry.images == left.images != {}
    assert live.serves() == "1.0.1"
    assert target(live.history.entries(), Version.parse(entry.version)) == first


def test_a_release_killed_between_its_cut_over_and_its_row_is_known_by_nginx(
    live: Stage, fream: Fream
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        left = die(live, patch, "Drain set1")
    written = [line for line in lines(live) if line["id"] == left.id]
    assert [line["released"] for line in written] == [False, False, True]
    before_cut_over = read_entry(json.dumps(written[1]))
    assert before_cut_over
    live.history.add(before_cut_over)
    live.fresh()

    fream("recover")

    entry = live.history.entries()[-1]
    assert (entry.served, entry.images, entry.version) == (True, left.images, left.version)


def test_while_nginx_is_silent_nothing_is_claimed_of_a_killed_release(live: Stage) -> None:
    with pytest.MonkeyPatch.context() as patch:
        left = die(live, patch, "Drain set1")
    live.nginx.stop()
    link = live.settings.nginx_directory / "live"
    link.unlink()

    close(live.context)

    entry = live.history.entries()[-1]
    assert (entry.id, entry.result, entry.served) == (left.id, Result.INTERRUPTED, True)
    assert entry.why.endswith("; whether it serves is not known")


def test_a_killed_release_that_was_taken_back_meanwhile_does_not_count(live: Stage) -> None:
    before = live.nginx.live
    with pytest.MonkeyPatch.context() as patch:
        die(live, patch, "Drain set1")
    live.proxy.go_back(before, 1.0)

    close(live.context)

    assert not live.history.entries()[-1].served


def test_a_run_whose_process_is_gone_is_shown_as_interrupted_before_anybody_closes_it(
    live: Stage, fream: Fream
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        left = die(live, patch, "Drain set1")

    assert "interrupted" in fream("history").stdout
    shown = fream("history", "show", left.short_id).stdout
    assert "interrupted, and it serves" in shown
    assert last(live).result is Result.RUNNING

    with lock.hold(live.settings.state_directory, "fream switch"):
        assert "running" in fream("history").stdout


def test_a_signal_leaves_a_row_that_says_cancelled(live: Stage, fream: Fream) -> None:
    def interrupt() -> None:
        raise InterruptedRun(signal.SIGTERM)

    live.project.before("up set2", interrupt)

    fream("switch", "1.0.1")

    assert rows(live)[-1] == ("switch", "cancelled", 143)
    assert last(live).failed_step == "start"


def test_a_second_signal_leaves_a_row_that_says_interrupted(live: Stage, fream: Fream) -> None:
    def leave() -> None:
        raise LeaveNow(signal.SIGINT)

    live.project.before("up set2", leave)

    fream("switch", "1.0.1")

    assert rows(live)[-1] == ("switch", "interrupted", 130)
    assert "second signal" in last(live).why


def test_a_release_that_was_left_right_after_its_cut_over_is_on_record_by_the_next_run(
    live: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: object) -> None:
        raise LeaveNow(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(type(live.proxy), "arm", leave)
        fream("switch", "1.0.1")
    assert live.serves() == "1.0.1"
    left = last(live)
    assert (left.result, left.served) == (Result.INTERRUPTED, False)
    live.fresh()

    fream("recover")

    entry = next(e for e in live.history.entries() if e.id == left.id)
    assert (entry.result, entry.served, entry.why) == (Result.INTERRUPTED, True, left.why)


def test_a_release_that_is_cut_back_says_so_and_keeps_its_log(tmp_path: Path) -> None:
    stage = Stage(tmp_path, guard="3s")
    stage.switch("1.0.0")
    stage.fresh()
    stage.project.behaviours["1.0.1"] = Behaviour(logs=("fine", "out of memory"))
    stage.watcher.at["Drain set1"] = lambda: stage.project.apps[SetName.SET2].end(137)

    with pytest.raises(GuardError) as caught:
        stage.switch("1.0.1")

    entry = stage.history.entries()[-1]
    assert (entry.result, entry.served, entry.exit_code) == (Result.CUT_BACK, False, 8)
    assert entry.failed_step in ("drain", "guard")
    assert caught.value.next_step.startswith(f"fream logs --of {entry.short_id}")
    kept = stage.settings.state.logs.path(entry.log)
    assert kept
    assert kept.read_text() == "fine\nout of memory\n"
    stage.project.close()


def test_down_up_maintenance_and_prune_have_rows_of_their_own(live: Stage, fream: Fream) -> None:
    live.project.pulled["0.9.0"] = "sha256:" + "9" * 64
    fream("maintenance", "on", "--by", "anna")
    fream("maintenance", "off")
    fream("prune", "--unreleased")
    fream("down", "--yes", "--note", "the server moves")

    assert rows(live)[1:] == [
        ("maintenance", "done", 0),
        ("maintenance", "done", 0),
        ("prune", "done", 0),
        ("down", "done", 0),
    ]
    assert [*last(live).steps] == ["Stop and remove everything of the project"]
    assert last(live).note == "the server moves"
    assert [entry.kind for entry in live.history.entries()] == [Kind.SWITCH]


NOTHING_TO_DO = [
    ["recover"],
    ["prune"],
    ["maintenance", "off"],
    ["maintenance", "status"],
    ["switch", "1.0.1", "--dry-run"],
    ["switch", "not a version"],
    ["switch"],
    ["up", "nothing"],
    ["down", "--project", "another"],
    ["switch", "1.0.1", "--by", "two\nlines"],
    ["reload"],
    ["status"],
]


@pytest.mark.parametrize("command", NOTHING_TO_DO, ids=" ".join)
def test_a_run_that_begins_nothing_leaves_no_row(
    live: Stage, fream: Fream, command: list[str]
) -> None:
    before = rows(live)

    fream(*command)

    assert rows(live) == before


def test_a_run_that_does_not_get_the_lock_leaves_no_row(live: Stage, fream: Fream) -> None:
    with lock.hold(live.settings.state_directory, "fream switch"):
        before = rows(live)
        assert fream("switch", "1.0.1").exit_code == 4
        assert rows(live) == before


def test_a_rollback_that_was_refused_is_on_record(live: Stage, fream: Fream) -> None:
    assert fream("rollback").exit_code == 10

    assert rows(live)[-1] == ("rollback", "failed", 10)
    assert last(live).version == ""
    assert len(live.history.entries()) == 1


def test_a_repair_is_on_record_with_what_it_repaired(live: Stage, fream: Fream) -> None:
    live.env_path.write_text(live.env.replace("infra,set1", "infra"))

    fream("recover")

    assert rows(live)[-1] == ("recover", "done", 0)
    assert "Repair: .env does not name what is live" in last(live).steps


def test_a_run_goes_on_without_a_history_and_says_so_once(live: Stage, fream: Fream) -> None:
    for name in ("history.jsonl", "runs.jsonl"):
        path = live.settings.state_directory / name
        path.unlink(missing_ok=True)
        path.mkdir()

    result = fream("switch", "1.0.1")

    assert (result.exit_code, live.serves()) == (0, "1.0.1")
    assert result.stdout.count("the history lacks this switch") == 1
    assert fream("down", "--yes").exit_code == 0


def test_what_a_switch_says_of_no_way_back_outlives_its_death(live: Stage) -> None:
    request = SwitchRequest(Version("1.0.1"), no_way_back="the table was dropped")

    def killed() -> None:
        raise LeaveNow(signal.SIGKILL)

    live.watcher.at["Check the health"] = killed
    with pytest.raises(LeaveNow):
        Switch(live.context).run(request)

    close(live.context)

    assert live.history.entries()[-1].no_way_back == "the table was dropped"


def test_a_step_that_failed_is_found_behind_what_it_led_to() -> None:
    report = Report()
    first = ValueError("first")
    with pytest.raises(ValueError, match="first"), report.step("Begin", Place("begin", 1, 2)):
        raise first
    with pytest.raises(ValueError, match="undo"), report.step("Undo"):
        raise ValueError("undo")
    second = ValueError("second")
    second.__cause__ = first

    assert report.failed_step(first) == report.failed_step(second) == "begin"
    assert report.failed_step(ValueError("between steps")) == ""
    assert report.failed_step(None) == ""


def test_a_log_whose_secrets_nobody_knows_is_not_kept(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a run was killed, and the command of x-fream.secrets fails now."""
    stage.put(SetName.SET1, "1.0.0")
    stage.project.behaviours["1.0.1"] = Behaviour(status=500, logs=("login tomcat-42 refused",))
    known = stage.project.compose.secrets

    def asked(check: Callable[[], None] = lambda: None) -> Mapping[str, str]:
        if stage.project.running().get("set2"):
            raise ConfigurationError("No secrets from x-fream.secrets (age): it failed")
        return known(check)

    monkeypatch.setattr(stage.project.compose, "secrets", asked)

    result = fream("switch", "1.0.1")

    assert result.exit_code == 6
    assert "the log of set2 is not kept: No secrets" in result.stdout
    assert not list(stage.settings.state_directory.rglob("*.log"))
