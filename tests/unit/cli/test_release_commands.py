"""fream promote, abort, rollback and their kin, through the command line."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fream_compose.cli.app import app
from fream_compose.docker.project import Project
from fream_compose.doctor.project_checks import drift
from fream_compose.errors import ConfigurationError
from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.diagnosis import diagnose
from fream_compose.operations.dry_run import dry_run
from fream_compose.operations.outcome import Outcome
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.operations.switch import Switch
from fream_compose.project import lock
from fream_compose.project.notes import Notes, Warm
from fream_compose.release import SetName, Version
from fream_compose.verdict import Share, Verdict
from tests.fakes import Behaviour, Stage
from tests.fakes.commands import Fream

LONG_AGO = "2026-01-01T00:00:00+00:00"


@contextmanager
def held(stage: Stage) -> Iterator[None]:
    """1.0.0 is live, and another run holds 1.0.1 in set2."""
    stage.put(SetName.SET1, "1.0.0")
    stage.project.start_by_hand(SetName.SET2, "1.0.1")
    state = stage.settings.state_directory
    with lock.hold(state, "fream switch --hold"):
        Notes(state).hold("id", "1.0.1", SetName.SET2)
        yield


def test_a_held_switch_is_no_drift(stage: Stage) -> None:
    with held(stage):
        seen = take_snapshot(stage.project, stage.proxy)

        assert diagnose(seen) == ()
        (finding,) = drift(seen)
        assert finding.verdict.value == "ok"
        assert "1.0.1 in set2 is held since" in finding.text
        found = dry_run(stage.project, stage.proxy, SwitchRequest(Version("1.0.2")))
        assert all("Repair" not in title for _, title, _ in found.steps)
        assert [error.exit_code for error in found.obstacles] == [4]
    assert diagnose(take_snapshot(stage.project, stage.proxy)) != ()


def test_a_set_that_another_run_does_not_hold_is_drift_all_the_same(stage: Stage) -> None:
    with held(stage):
        stage.project.compose.remove(SetName.SET2)
        stage.project.compose.remove(SetName.SET1)

        assert diagnose(take_snapshot(stage.project, stage.proxy)) != ()


@pytest.mark.parametrize("command", [["recover"], ["switch", "--version", "1.0.2"], ["up"]])
def test_a_run_beside_a_held_switch_says_how_to_decide(
    stage: Stage, fream: Fream, command: list[str]
) -> None:
    with held(stage):
        result = fream(*command)

    assert result.exit_code == 4
    assert "1.0.1 in set2 is held since" in result.stderr
    assert "fream promote, or fream abort" in result.stderr
    assert set(stage.project.running()) == {"set1", "set2"}


def test_how_a_run_ended_is_noted_for_who_waits(stage: Stage, fream: Fream) -> None:
    notes = stage.settings.state.notes

    fream("switch", "--version", "1.0.1")
    good = notes.progress()
    fream("switch", "--version", "9.9")
    bad = notes.progress()

    assert good
    assert bad
    assert good.exit_code == 0
    assert good.told.startswith("1.0.1 (000000000000) in set1 serves")
    assert bad.exit_code == 5
    assert "manifest unknown" in bad.told


def test_who_waited_goes_by_the_settings_of_then(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run before has changed them, or somebody in the meantime."""
    reads: list[str] = []
    ahead = ExitStack()
    ahead.enter_context(lock.hold(stage.settings.state_directory, "fream switch 1.0.1"))

    def read(*_: object) -> Project:
        reads.append("read")
        return stage.project

    monkeypatch.setattr("fream_compose.docker.project.open_project", read)
    monkeypatch.setattr(
        "fream_compose.interruption.Interruption.wait", lambda _self, _seconds: ahead.close()
    )

    told = fream("prune", "--wait", "1m")

    assert (told.exit_code, len(reads)) == (0, 2)
    assert fream("prune", "--wait", "1m").exit_code == 0
    assert len(reads) == 3, "nobody to wait for"


def test_the_step_a_run_is_at_can_be_asked(stage: Stage, fream: Fream) -> None:
    notes, seen = stage.settings.state.notes, []
    stage.project.before("up set1", lambda: seen.append(notes.progress()))

    fream("switch", "--version", "1.0.1")

    (progress,) = seen
    assert progress
    assert progress.step == "Start set1"
    assert progress.exit_code is None


def test_the_status_says_at_which_step_another_run_is(stage: Stage, fream: Fream) -> None:
    state = stage.settings.state_directory
    with lock.hold(state, "fream switch"):
        notes = Notes(state)
        notes.follow(replace(notes.begin("fream switch"), step="Drain set1"))
        result = fream("status")

    assert "run      fream switch  Drain set1" in result.stdout
    assert "notice" not in result.stdout


def test_a_second_rollback_walks_further_back(stage: Stage, fream: Fream) -> None:
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        assert fream("switch", "--version", version).exit_code == 0

    serves = []
    for _ in range(2):
        assert fream("rollback").exit_code == 0
        serves.append(stage.serves())
    last = fream("rollback")

    assert serves == ["1.0.1", "1.0.0"]
    assert last.exit_code == 10
    assert [e.kind for e in stage.history.entries()] == [*["switch"] * 3, *["rollback"] * 2]
    assert stage.serves() == "1.0.0"


def test_a_rollback_after_a_failed_one_goes_to_the_same_release(stage: Stage, fream: Fream) -> None:
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        fream("switch", "--version", version)
    stage.project.behaviours["1.0.1"] = Behaviour(status=500)
    assert fream("rollback").exit_code == 6
    stage.project.behaviours.clear()

    assert fream("rollback").exit_code == 0

    assert stage.serves() == "1.0.1"


def test_a_release_that_failed_keeps_its_digest_in_the_history(stage: Stage, fream: Fream) -> None:
    stage.project.behaviours["1.0.1"] = Behaviour(status=500)

    fream("switch", "--version", "1.0.1")
    fream("switch", "--version", "9.9")

    unhealthy, unknown = stage.history.entries()
    assert unhealthy.version == f"1.0.1@sha256:{1:064x}"
    assert unknown.version == "9.9"


@pytest.mark.parametrize("command", [["switch", "--version", "1.0.1"], ["rollback"]])
def test_hooks_are_skipped_when_asked_for(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "project").mkdir()
    stage = Stage(tmp_path / "project", hooks={"before_start": [{"run": "false"}]})
    for name in ("compose.yaml", "infra.yaml"):
        (stage.settings.compose_directory / name).touch()
    stage.switch("1.0.0", skip_hooks=True)
    stage.switch("1.0.2", skip_hooks=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fream_compose.docker.project.open_project", lambda *_: stage.project)
        options = ["-C", str(stage.settings.compose_directory), *command]
        refused = CliRunner().invoke(app(), options)
        done = CliRunner().invoke(app(), [*options, "--skip-hooks"])

    assert refused.exit_code == 6
    assert done.exit_code == 0
    assert "were skipped" in done.stdout
    assert any("skipped" in warning for warning in stage.history.entries()[-1].warnings)
    stage.project.close()


def test_a_release_that_users_fare_worse_on_is_11_and_says_the_way_back(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stage.put(SetName.SET1, "1.0.0")
    now = replace(before, version=Version("1.0.1"))
    old, new = Share(100, 0, 10.0), Share(100, 30, 10.0)
    evidence = Evidence(failed=30, old=old, new=new, verdict=Verdict.WORSE)
    monkeypatch.setattr(Switch, "run", lambda *_: Outcome(now, before, evidence, 1.0))

    result = fream("switch", "1.0.1", "--output", "json")

    assert result.exit_code == 11
    told = json.loads(result.stdout)
    assert not told["ok"]
    assert told["error"]["next_step"] == "fream rollback"
    assert "30 of 100" in told["error"]["why"]
    assert "0 of 100" in told["error"]["why"]
    assert told["result"]["evidence"]["verdict"] == "worse"


@pytest.mark.parametrize("command", [["prune"], ["up"], ["recover"], ["maintenance", "off"]])
def test_a_warm_set_whose_time_is_over_goes_with_the_next_command(
    stage: Stage, fream: Fream, command: list[str]
) -> None:
    stage.put(SetName.SET1, "1.0.1")
    stage.project.start_by_hand(SetName.SET2, "1.0.0")
    stage.settings.state_directory.mkdir(exist_ok=True)
    notes = stage.settings.state.notes
    notes.keep_warm(Warm(SetName.SET2, "1.0.0", LONG_AGO))
    told = fream("status").stdout
    assert "which is over" in told
    assert "set2 was kept warm until" in told
    assert "is overdue; type: fream recover" in told

    assert fream(*command).exit_code == 0

    assert set(stage.project.running()) == {"set1"}
    assert notes.warm() is None


def test_a_warm_set_that_cannot_be_removed_fails_no_other_command(
    stage: Stage, fream: Fream
) -> None:
    stage.put(SetName.SET1, "1.0.1")
    stage.project.start_by_hand(SetName.SET2, "1.0.0")
    stage.settings.state_directory.mkdir(exist_ok=True)
    notes = stage.settings.state.notes
    notes.keep_warm(Warm(SetName.SET2, "1.0.0", LONG_AGO))
    stage.project.fail("remove set2", "the engine hung")

    result = fream("prune")

    assert result.exit_code == 0
    assert "warning" in result.stdout
    assert notes.warm()


def unreadable(*_: object) -> Project:
    raise ConfigurationError("Compose cannot read the project", "set it in .env", next_step="edit")


def fake_docker(folder: Path, stage: Stage) -> Path:
    """A `docker` that knows an nginx and a set."""
    label = f"com.docker.compose.project.working_dir={stage.settings.compose_directory}"
    script = f"""#!/bin/sh
case "$*" in
  *"--filter label={label} "*)
    printf 'id1\\tshop-nginx\\tnginx\\trunning\\tUp 2 days\\tnginx:1.30\\n'
    printf 'id2\\tshop-app-set1\\tset1\\trunning\\tUp 1 day\\tshop:1.0.0\\n';;
  "container port shop-nginx 8090/tcp") echo 127.0.0.1:{stage.settings.control_port};;
  *) exit 1;;
esac
"""
    folder.mkdir()
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(stat.S_IRWXU)
    return folder


def test_a_project_whose_settings_cannot_be_read_still_says_what_serves(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage.put(SetName.SET1, "1.0.0")
    monkeypatch.setenv("PATH", f"{fake_docker(tmp_path / 'tools', stage)}:/bin:/usr/bin")
    monkeypatch.setattr("fream_compose.docker.project.open_project", unreadable)

    result = fream("status")
    told: dict[str, Any] = json.loads(fream("status", "-o", "json").stdout)

    assert result.exit_code == 3
    assert "live     set1  1.0.0, as nginx says" in result.stdout
    assert "set1     Up 1 day  shop:1.0.0" in result.stdout
    assert "set it in .env" in result.stderr
    assert told["ok"] is False
    assert result.stdout.startswith("DOWN  the settings cannot be read, users get ")
    assert told["result"]["verdict"]["level"] == "down", "nothing says where users are served"
    assert told["result"]["live"]["version"] == "1.0.0"
    assert told["error"]["exit_code"] == 3


def test_without_docker_the_reason_is_told_alone(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("fream_compose.docker.project.open_project", unreadable)

    result = fream("status")

    assert result.exit_code == 3
    assert "set it in .env" in result.stderr
    assert stage.serves() == ""


def test_an_nginx_that_is_silent_leaves_what_is_live_open(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage.nginx.stop()
    monkeypatch.setenv("PATH", f"{fake_docker(tmp_path / 'tools', stage)}:/bin:/usr/bin")
    monkeypatch.setattr("fream_compose.docker.project.open_project", unreadable)

    result = fream("status")

    assert result.exit_code == 3
    assert "live     not known" in result.stdout
    assert "no answer: connection refused" in result.stdout


def test_a_fault_of_freams_own_is_an_error_with_a_file_and_no_traceback(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by zero\x1b[2J")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(type(stage.project.containers), "all", fail)

    result = fream("switch", "--version", "1.0.0", "--output", "json")

    assert result.exit_code == 1
    told = json.loads(result.stdout)["error"]
    assert (told["kind"], told["exit_code"]) == ("UnexpectedError", 1)
    (file,) = tmp_path.glob("fream-traceback-*.txt")
    assert str(file) in told["why"]
    assert "Traceback" not in result.stderr
    assert "\x1b[2J" not in result.stdout + result.stderr


def test_a_reader_that_goes_away_is_no_fault_of_freams(
    stage: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(type(stage.project.containers), "all", gone)

    fream("status", "--output", "json")

    assert list(tmp_path.glob("fream-traceback-*")) == []


def test_a_name_in_env_that_is_nearly_a_setting_is_warned_of(fream: Fream, stage: Stage) -> None:
    env = stage.env_path
    env.write_text(env.read_text("utf-8") + "HEALTH_CHEK_POINT=/up\n", "utf-8")
    env.with_name(".env.example").write_text("HEALTH_CHECK_POINT=/\n", "utf-8")

    told = fream("switch", "--version", "1.0.0")

    assert told.exit_code == 0
    warning = "warning: HEALTH_CHEK_POINT in .env is no setting, but HEALTH_CHECK_POINT is"
    assert warning in told.stdout


def test_https_that_the_compose_files_do_not_know_is_warned_of(fream: Fream, stage: Stage) -> None:
    env = stage.env_path
    env.write_text(env.read_text("utf-8") + "TLS_HOSTS=shop.example.com\n", "utf-8")

    told = fream("switch", "--version", "1.0.0")

    assert "warning: TLS_HOSTS in .env is read by newer Compose files" in told.stdout
    assert "fream init --upgrade" in told.stdout


def test_a_hook_that_shows_a_password_to_everybody_is_warned_of(
    fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.operations.cautions.exposed", lambda _hooks: ["x (mysql)"])

    told = fream("recover")

    assert "warning: The hook x (mysql) has a secret of .env on its command line" in told.stdout


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_a_run_keeps_is_its_owners_alone(fream: Fream, stage: Stage, mask: int) -> None:
    before = os.umask(mask)
    try:
        assert fream("switch", "--version", "1.0.0").exit_code == 0
        assert fream("switch", "--version", "1.0.1").exit_code == 0
    finally:
        os.umask(before)

    state = stage.settings.state_directory
    kept = list(state.rglob("*"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept if path.is_file()}
    assert {"history.jsonl", "holder.json", "run.json"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in kept if path.is_dir()}
    assert folders == {0o700}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
