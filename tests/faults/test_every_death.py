"""Every way to die after every step, on fakes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fream_compose.errors import FreamError
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.faults.deaths import DEADLY, Death, code_after
from tests.faults.steps import CONFIRM, DRAIN, GUARD, RETIRE, STOP, Moment, Step
from tests.faults.test_every_step import EVERY_STEP, ON_FAKES, RUN_SECONDS, Frozen
from tests.faults.trap import Trap
from tests.unit.operations.test_guard import crash, go_bad, hang, refuse, restart

DEEDS: dict[Death, Callable[[Stage], None]] = {
    Death.CRASH: restart,
    Death.OOM: restart,
    Death.KILL: crash,
    Death.HANG: hang,
    Death.ERRORS: go_bad,
    Death.REFUSES: refuse,
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A project in which 1.0.0 is live."""
    health = {"timeout": "3s", "interval": "10ms", "request_timeout": "500ms"}
    made = Stage(tmp_path, **{**EVERY_STEP, "health": health, "guard": "300ms"})
    made.put(SetName.SET1, "1.0.0")
    yield made
    made.project.close()


def switch_with(stage: Stage, trap: Trap) -> int:
    """The exit code of a switch into a trap."""
    with trap.set(ON_FAKES):
        return run_switch(stage)


def run_switch(stage: Stage) -> int:
    """The exit code of a switch."""
    try:
        stage.switch("1.0.1")
    except FreamError as error:
        return error.exit_code
    return 0


@pytest.mark.parametrize("death", list(Death), ids=str)
@pytest.mark.parametrize("step", DEADLY, ids=lambda step: step.name)
def test_a_release_that_dies_after_any_step_leaves_the_old_one_serving(
    stage: Stage, step: Step, death: Death, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.operations.checks._THROUGH_NGINX_SECONDS", 1.0)
    trap = Trap(step, Moment.AFTER, lambda: DEEDS[death](stage))

    code = switch_with(stage, trap)

    assert trap.sprung
    assert code == code_after(step)
    assert stage.serves() == "1.0.0"
    assert set(stage.project.apps) == {"set1"}
    assert "COMPOSE_PROFILES=infra,set1\n" in stage.env
    assert stage.history.entries()[-1].why


def test_a_release_that_crashes_after_the_last_look_is_dockers_to_restart(stage: Stage) -> None:
    code = switch_with(stage, Trap(RETIRE, Moment.BEFORE, lambda: restart(stage)))

    assert code == 0
    assert stage.serves() == "1.0.1"


def test_an_old_set_that_cannot_be_started_again_is_told(stage: Stage) -> None:
    def die() -> None:
        crash(stage)
        stage.project.fail("up set1", "the engine is tired")

    code = switch_with(stage, Trap(DEADLY[-1], Moment.AFTER, die))

    assert code == 9
    assert set(stage.project.apps) == {"set1", "set2"}


WAY_BACK = [
    Step(name, *call)
    for name, call in {
        "go back": ("proxy", "go_back"),
        "remove the new set": ("compose", "discard"),
        "after the failure": ("run", "serving"),
    }.items()
]


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("step", WAY_BACK, ids=lambda step: step.name)
def test_a_kill_on_the_way_back_is_repaired_by_the_next_switch(
    stage: Stage, step: Step, moment: Moment
) -> None:
    killed = Frozen()
    with Trap(CONFIRM, Moment.AFTER, lambda: crash(stage)).set(ON_FAKES):
        kill = Trap(step, moment, killed.spring)
        with kill.set(ON_FAKES):
            threading.Thread(target=run_switch, args=(stage,), daemon=True).start()
            assert killed.wait(RUN_SECONDS)
    stage.fresh()

    stage.switch("1.0.2")

    assert stage.serves() == "1.0.2"
    assert list(stage.project.running()) == [stage.nginx.live.set] if stage.nginx.live else False
    assert not any("Both" in text for text in stage.watcher.warnings)


@pytest.mark.parametrize("step", [DRAIN, GUARD, STOP], ids=lambda step: step.name)
def test_a_signal_does_not_keep_a_dying_release_from_being_taken_back(
    stage: Stage, step: Step
) -> None:
    def both() -> None:
        stage.interruption.note(signal.SIGTERM)
        crash(stage)

    assert switch_with(stage, Trap(step, Moment.AFTER, both)) == 8
    assert stage.serves() == "1.0.0"
