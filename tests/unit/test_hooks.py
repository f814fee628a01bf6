"""The user's own commands: what they are told, and what happens when they fail."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from fream_compose.errors import HookError, InterruptedRun
from tests.fakes import Stage


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
    removed: list[str] = []
    monkeypatch.setattr(stage.project, "one_off_command", lambda *_: ["false"])
    monkeypatch.setattr(stage.project, "end_one_off", removed.append)

    with pytest.raises(HookError):
        stage.switch("1.0.1")

    assert len(removed) == 1
    assert removed[0].startswith("shop-hook-")
    stage.project.close()


def test_a_hook_that_prints_binary_is_shown_as_well_as_can_be(tmp_path: Path) -> None:
    hook = {"run": ["sh", "-c", r"printf '\377\376\n'; exit 1"]}
    stage = staged(tmp_path, "before_start", hook)

    with pytest.raises(HookError) as error:
        stage.switch("1.0.1")

    assert error.value.logs == ("��",)
    stage.project.close()


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
