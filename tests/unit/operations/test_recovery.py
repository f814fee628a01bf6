"""What is left for the next command is safe meanwhile, and comes right then."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError, EngineError, FreamError, InterruptedRun
from fream_compose.nginx.include import FOLDERS
from fream_compose.operations.diagnosis import Fault, diagnose
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.project import durable
from fream_compose.release import SetName
from tests.fakes import Stage


def recover(stage: Stage) -> None:
    Recovery(stage.context).repair()


def out_of_order(stage: Stage) -> tuple[Fault, ...]:
    return diagnose(take_snapshot(stage.project, stage.proxy))


@pytest.fixture
def undrained(live: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The engine hung while the old set was drained."""

    def hang(*_: object) -> int:
        raise EngineError("The processes of nginx could not be listed", "Docker did not answer")

    with monkeypatch.context() as patch:
        patch.setattr(live.proxy, "drain", hang)
        live.switch("1.0.1")
    return live


def test_an_old_set_that_could_not_be_drained_is_not_cut_off(undrained: Stage) -> None:
    assert undrained.serves() == "1.0.1"
    assert set(undrained.project.running()) == {"set1", "set2"}
    assert undrained.watcher.warnings[1] == "set1 still runs; fream recover drains and removes it"


def test_an_old_set_that_could_not_be_drained_is_removed_by_the_next_command(
    undrained: Stage,
) -> None:
    assert out_of_order(undrained) == (Fault.IDLE_SET,)
    undrained.fresh()

    recover(undrained)

    assert set(undrained.project.running()) == {"set2"}
    assert out_of_order(undrained) == ()


def test_a_disk_that_fills_up_at_the_cut_over_is_undone_without_room(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, before = durable.write, live.include.read_text()

    def full(path: Path, text: str, mode: int = 0o644) -> None:
        if FOLDERS in path.parts and ".candidate" not in path.parts:
            raise ConfigurationError(f"{path} cannot be written", "No space left on device")
        write(path, text, mode)

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(ConfigurationError):
        live.switch("1.0.1")

    assert live.serves() == "1.0.0"
    assert live.include.read_text() == before
    assert set(live.project.running()) == {"set1"}
    assert out_of_order(live) == ()


def test_a_candidate_that_cannot_be_written_leaves_nothing_behind(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = durable.write

    def full(path: Path, text: str, mode: int = 0o644) -> None:
        if ".candidate" in path.parts:
            raise ConfigurationError(f"{path} cannot be written", "No space left on device")
        write(path, text, mode)

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(FreamError):
        live.switch("1.0.1")

    assert not (live.settings.nginx_directory / ".candidate").exists()
    assert live.serves() == "1.0.0"


def test_a_signal_between_two_mends_leaves_the_rest_for_the_next_command(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    live.include.unlink()
    live.watcher.at["Repair: nginx and"] = lambda: live.interruption.note(15)

    with pytest.raises(InterruptedRun):
        recover(live)

    assert live.serves() == "1.0.0"
    assert out_of_order(live) == (Fault.IDLE_SET,)
    live.fresh()
    recover(live)
    assert out_of_order(live) == ()


def test_a_recovery_that_is_run_twice_finds_nothing_the_second_time(live: Stage) -> None:
    live.project.env.update({"COMPOSE_PROFILES": "infra,set2"})
    recover(live)
    live.fresh()

    recover(live)

    assert live.watcher.steps == []
