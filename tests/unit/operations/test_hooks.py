"""The user's own commands: what they are told, and what happens when they fail."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fream_compose import secrecy
from fream_compose.errors import HookError, InterruptedRun, LockedError, UnhealthyError
from fream_compose.operations import hooks, left_hook
from fream_compose.project.entry import Kind
from fream_compose.project.notes import RunningHook
from fream_compose.project.x_fream import Hook, Hooks
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage

# Of this process alone: other tests run beside it, and what bears the mark is ended.
RUN = secrets.token_hex(8)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def eventually_runs(pid: int) -> None:
    """Wait until a process has become what it was started as."""
    time.sleep(0.1)
    assert not is_gone(pid)


def staged(folder: Path, moment: str, *hooks: Mapping[str, object]) -> Stage:
    return Stage(folder, hooks={moment: list(hooks)})


def test_a_hook_finds_the_release_in_its_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    stage = staged(tmp_path, "before_cut_over", {"run": ["sh", "-c", f"env > {out}"]})

    stage.switch("1.0.1")

    told = dict(line.split("=", 1) for line in out.read_text().splitlines() if "=" in line)
    assert told["FREAM_HOOK"] == "before_cut_over"
    assert (told["FREAM_SET"], told["FREAM_VERSION"]) == ("set1", "1.0.1")
    assert told["FREAM_DIGEST"] == f"sha256:{1:064x}"
    assert told["FREAM_ADDRESS"] == f"http://127.0.0.1:{stage.settings.sets['set1'].port}"  # type: ignore[index]
    stage.project.close()


@pytest.mark.parametrize("moment", ["before_start", "before_cut_over"])
def test_a_hook_that_fails_before_the_cut_over_undoes(tmp_path: Path, moment: str) -> None:
    stage = staged(tmp_path, moment, {"run": "sh -c 'echo broken; exit 3'"})

    with pytest.raises(HookError) as error:
        stage.switch("1.0.1")

    assert error.value.exit_code == 6
    assert error.value.logs == ("broken",)
    assert "exit code 3" in error.value.why
    assert stage.project.running() == {}
    assert "SET1_VERSION=none" in stage.env
    stage.project.close()


def test_a_hook_that_fails_after_the_cut_over_is_a_warning(tmp_path: Path) -> None:
    stage = staged(tmp_path, "after_cut_over", {"run": ["false"]})

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"
    assert any("hook" in warning for warning in stage.watcher.warnings)
    stage.project.close()


def test_a_failed_switch_runs_the_hooks_for_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    stage = staged(tmp_path, "after_failure", {"run": ["touch", str(mark)]})

    with pytest.raises(Exception, match="could not be pulled"):
        stage.switch("9.9")

    assert mark.exists()
    stage.project.close()


def test_a_hook_that_hangs_is_ended_at_its_limit(tmp_path: Path) -> None:
    hook = {"run": "sh -c 'echo waiting; sleep 600 & wait'", "timeout": "500ms"}
    stage = staged(tmp_path, "before_start", hook)
    began = time.monotonic()

    with pytest.raises(HookError, match="took longer"):
        stage.switch("1.0.1")

    assert time.monotonic() - began < 60
    stage.project.close()


def test_the_container_of_a_hook_that_fails_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ending Docker's client does not end what runs in the container."""
    stage = staged(tmp_path, "before_start", {"run": ["migrate"], "in": "release"})
    removed: list[bool] = []
    monkeypatch.setattr(stage.project, "one_off_command", lambda *_: ["false"])
    monkeypatch.setattr(stage.project, "end_one_offs", lambda: removed.append(True))

    with pytest.raises(HookError):
        stage.switch("1.0.1")

    assert removed == [True]
    stage.project.close()


def test_a_hook_that_prints_binary_is_shown_as_well_as_can_be(tmp_path: Path) -> None:
    hook = {"run": ["sh", "-c", r"printf '\377\376\n'; exit 1"]}
    stage = staged(tmp_path, "before_start", hook)

    with pytest.raises(HookError) as error:
        stage.switch("1.0.1")

    assert error.value.logs == ("��",)
    stage.project.close()


def test_a_background_child_neither_holds_nor_fails_a_hook_and_stays(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    hook = {"run": ["sh", "-c", f"sleep 600 & echo $! > {mark}; echo begun"], "timeout": "20s"}
    stage = staged(tmp_path, "before_start", hook)
    began = time.monotonic()

    stage.switch("1.0.1")

    child = int(mark.read_text())
    assert time.monotonic() - began < 15
    assert stage.history.entries()[-1].hooks[0].output == "begun\n"
    assert not is_gone(child)
    os.kill(child, signal.SIGKILL)
    stage.project.close()


@pytest.mark.parametrize("end", ["exit 3", "exec sleep 600"], ids=["fails", "hangs"])
@pytest.mark.parametrize("child", ["sleep 600", "env -i sleep 600", "setsid sleep 600"])
def test_a_hook_that_fails_takes_along_what_it_started(
    tmp_path: Path, end: str, child: str
) -> None:
    mark = tmp_path / "pid"
    run = ["sh", "-c", f"{child} & echo $! > {mark}; sleep 0.2; {end}"]
    stage = staged(tmp_path, "before_start", {"run": run, "timeout": "600ms"})

    with pytest.raises(HookError):
        stage.switch("1.0.1")

    assert is_gone(int(mark.read_text()))
    assert stage.settings.state.notes.hook() is None
    stage.project.close()


def test_of_a_hook_that_prints_much_the_beginning_and_the_end_are_shown(tmp_path: Path) -> None:
    run = ["sh", "-c", "echo first; head -c 300000000 /dev/zero; echo; echo last; exit 1"]
    stage = staged(tmp_path, "before_start", {"run": run})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(HookError) as error:
        stage.switch("1.0.1")

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50_000  # kB
    assert (error.value.logs[0], error.value.logs[-1]) == ("first", "last")
    assert sum(map(len, error.value.logs)) < 20_000
    kept = stage.history.entries()[-1].hooks[0].output
    assert kept.startswith("first")
    assert kept.endswith("last\n")
    assert len(kept) < 3000
    stage.project.close()


def test_the_history_knows_what_became_of_each_hook(tmp_path: Path) -> None:
    good, bad = {"run": "echo fine"}, {"run": "sh -c 'echo odd; exit 4'"}
    stage = staged(tmp_path, "after_cut_over", good, bad)

    stage.switch("1.0.1")

    (entry,) = stage.history.entries()
    told = [(hook.moment, hook.result, hook.output) for hook in entry.hooks]
    assert told == [
        ("after_cut_over", "done", "fine\n"),
        ("after_cut_over", "exit code 4", "odd\n"),
    ]
    assert any("hook" in warning for warning in entry.warnings)
    assert "  log      odd" in stage.watcher.notes
    stage.project.close()


@pytest.mark.parametrize(("number", "told"), [(9, "ended by SIGKILL"), (40, "ended by signal 40")])
def test_the_signal_that_ended_a_hook_is_told_whatever_it_is(
    tmp_path: Path, number: int, told: str
) -> None:
    stage = staged(tmp_path, "before_start", {"run": f"sh -c 'kill -{number} $$$$'"})

    with pytest.raises(HookError) as error:
        stage.switch("1.0.1")

    assert error.value.why == told
    stage.project.close()


def test_every_hook_finds_what_kind_of_release_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = {"run": ["sh", "-c", f"echo $FREAM_HOOK $FREAM_KIND >> {out}"]}
    moments = ("before_start", "before_cut_over", "after_cut_over", "after_failure")
    stage = Stage(tmp_path, hooks={moment: [run] for moment in moments})

    stage.switch("1.0.1")
    with pytest.raises(Exception, match="could not be pulled"):
        stage.switch("9.9", kind=Kind.ROLLBACK)
    stage.switch("1.0.0", kind=Kind.ROLLBACK)

    assert out.read_text().split("\n")[:-1] == [
        "before_start switch",
        "before_cut_over switch",
        "after_cut_over switch",
        "after_failure rollback",
        "before_start rollback",
        "before_cut_over rollback",
        "after_cut_over rollback",
    ]
    stage.project.close()


@pytest.mark.parametrize(
    ("hook", "runs"),
    [
        ({"in": "host"}, "both"),
        ({"in": "set"}, "both"),
        ({"in": "release"}, "release"),
        ({"in": "release", "on": ["release", "rollback"]}, "both"),
        ({"in": "release", "on": ["rollback"]}, "rollback"),
        ({"in": "host", "on": "rollback"}, "rollback"),
        ({"in": "host", "on": "release"}, "release"),
        # As projects of earlier versions say it.
        ({"in": "release", "on_rollback": True}, "both"),
        ({"in": "host", "on_rollback": False}, "release"),
        ({"in": "host", "on_rollback": True}, "both"),
    ],
)
def test_a_hook_runs_on_what_it_says_and_in_the_release_on_no_rollback_unless_it_says_so(
    hook: dict[str, object], runs: str
) -> None:
    made = Hook.model_validate({"run": "true", **hook})

    assert made.runs_on("release") is (runs != "rollback")
    assert made.runs_on("rollback") is (runs != "release")


@pytest.mark.parametrize("says", [{"on": ["release"]}, {"on": "release"}, {"on_rollback": False}])
def test_a_hook_that_is_not_for_rollbacks_is_left_out_of_one(
    tmp_path: Path, says: dict[str, object]
) -> None:
    mark = tmp_path / "mark"
    stage = staged(tmp_path, "before_start", {"run": f"touch {mark}", **says})

    stage.switch("1.0.1", kind=Kind.ROLLBACK)
    assert not mark.exists()
    stage.fresh()
    stage.switch("1.0.2")

    assert mark.exists()
    stage.project.close()


def test_a_hook_for_rollbacks_runs_on_nothing_else(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    stage = staged(tmp_path, "before_start", {"run": f"touch {mark}", "on": "rollback"})

    stage.switch("1.0.1")
    assert not mark.exists()
    stage.fresh()
    stage.switch("1.0.0", kind=Kind.ROLLBACK)

    assert mark.exists()
    stage.project.close()


def test_hooks_can_be_skipped_and_the_history_says_so(tmp_path: Path) -> None:
    stage = staged(tmp_path, "before_start", {"run": "false"})

    stage.switch("1.0.1", skip_hooks=True)

    (entry,) = stage.history.entries()
    assert entry.served
    assert entry.hooks == ()
    assert any("skipped" in warning for warning in entry.warnings)
    assert any("skipped" in warning for warning in stage.watcher.warnings)
    stage.project.close()


def left_behind(stage: Stage, *command: str, noted: bool = True) -> subprocess.Popen[bytes]:
    """A hook of a run that was killed while it ran, or before it had noted the process."""
    environment = {**os.environ, left_hook.MARK: RUN}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    eventually_runs(process.pid)
    hook = RunningHook(RUN, "host", SetName.SET1)
    if noted:
        hook = replace(hook, pid=str(process.pid), born=left_hook.born(process.pid))
    stage.settings.state.notes.run_hook(hook)
    return process


@pytest.mark.parametrize("noted", [True, False])
def test_a_hook_that_a_killed_run_left_is_ended_before_the_next_one(
    stage: Stage, noted: bool
) -> None:
    process = left_behind(stage, "sh", "-c", "sleep 600 & sleep 600", noted=noted)

    stage.switch("1.0.1")

    assert process.wait(timeout=5) == -signal.SIGKILL
    assert stage.watcher.steps[0] == "End the hook that a killed run left"
    assert stage.settings.state.notes.hook() is None


def test_a_left_hook_without_an_environment_is_known_by_its_first_process(stage: Stage) -> None:
    process = left_behind(stage, "env", "-i", "sh", "-c", "sleep 600 & wait")

    stage.switch("1.0.1")

    assert process.wait(timeout=5) == -signal.SIGKILL


def test_a_left_hook_that_cannot_be_ended_stops_the_next_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = left_behind(stage, "sleep", "600")
    monkeypatch.setattr(left_hook, "_PATIENCE_SECONDS", 0.1)

    def not_permitted(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_permitted)
    with pytest.raises(LockedError) as error:
        stage.switch("1.0.1")
    monkeypatch.undo()

    assert error.value.next_step == f"sudo kill -9 {process.pid}"
    assert stage.settings.state.notes.hook(), "the next run tries again"
    assert stage.project.running() == {}
    process.kill()
    process.wait()


def test_a_run_that_a_hook_started_does_not_end_itself() -> None:
    code = (
        "from fream_compose.operations.left_hook import _end_processes; "
        "from fream_compose.project.notes import RunningHook; "
        f"print(_end_processes(RunningHook('{RUN}', 'host', 'set1')))"
    )
    environment = {**os.environ, left_hook.MARK: RUN}

    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout) == (0, "()\n")


def test_a_hook_is_on_record_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed as it starts one has nothing else to tell of it."""
    stage = staged(tmp_path, "before_start", {"run": "true"})
    noted: list[RunningHook | None] = []
    start = hooks._start

    def look_first(*arguments: Any) -> subprocess.Popen[bytes]:
        noted.append(stage.settings.state.notes.hook())
        return start(*arguments)

    monkeypatch.setattr(hooks, "_start", look_first)
    stage.switch("1.0.1")

    assert noted[0]
    stage.project.close()


def test_a_process_that_came_by_the_number_of_a_left_hook_is_never_ended(stage: Stage) -> None:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    number, another = str(process.pid), left_hook.born(os.getpid())
    hook = RunningHook(RUN, "host", SetName.SET1, number, another)
    stage.settings.state.notes.run_hook(hook)

    stage.switch("1.0.1")

    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    stage = staged(tmp_path, "before_start", {"run": ["/no/such/command"]})

    with pytest.raises(HookError, match="/no/such/command") as error:
        stage.switch("1.0.1")

    assert "No such file" in error.value.why
    stage.project.close()


def test_a_signal_ends_a_hook_and_undoes(tmp_path: Path) -> None:
    stage = staged(tmp_path, "before_start", {"run": ["sh", "-c", "kill -TERM $PPID; sleep 600"]})
    stage.interruption.note(15)

    with pytest.raises(InterruptedRun):
        stage.switch("1.0.1")

    assert stage.project.running() == {}
    stage.project.close()


def test_a_hook_is_named_by_its_place_and_program_as_its_arguments_may_be_secret(
    tmp_path: Path,
) -> None:
    run = ["sh", "-c", "exit 3", "--password=hunter2"]
    stage = staged(tmp_path, "before_cut_over", {"run": run})

    with pytest.raises(HookError) as error:
        stage.switch("1.0.1")

    assert error.value.what == "The hook before cut over 1 (sh, host) failed"
    stored = (stage.settings.state_directory / "history.jsonl").read_text()
    assert "before cut over 1 (sh, host)" in stored
    assert "hunter2" not in stored + "".join(stage.watcher.details.values())
    stage.project.close()


def test_a_hook_that_shows_a_password_to_everybody_is_found(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MYSQL_PASSWORD='s3cret word'\n", "utf-8")
    secrecy.learn(tmp_path)
    run = {
        "before_start": [{"run": ["mysql", "-ps3cret word"]}, {"run": "mysql -p$MYSQL_PASSWORD"}]
    }

    assert hooks.exposed(Hooks.model_validate(run)) == ["before_start (mysql, host)"]


def test_a_hook_in_the_release_runs_in_its_image_also_when_env_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(tmp_path, "after_failure", {"run": ["undo"], "in": "release"})
    stage.put(SetName.SET1, "1.0.0")
    stage.project.behaviours["1.0.1"] = Behaviour(status=503)
    seen = tmp_path / "seen"
    printing = ["sh", "-c", f"echo $SET2_VERSION > {seen}"]
    monkeypatch.setattr(stage.project, "one_off_command", lambda *_: printing)

    with pytest.raises(UnhealthyError):
        stage.switch("1.0.1")

    assert seen.read_text().startswith("1.0.1")
    assert stage.project.env.get("SET2_VERSION") != "1.0.1"
    stage.project.close()
