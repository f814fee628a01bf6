"""Every fault at every step, on fakes: quick enough for the whole product, thrice over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import FreamError
from fream_compose.operations.diagnosis import diagnose
from fream_compose.operations.snapshot import take_snapshot
from tests.fakes import FakeProject, Stage
from tests.faults.run import spring
from tests.faults.steps import STEPS, Expected, Fault, Moment, Step, expected
from tests.faults.table import NEW, OLD, Matrix, Row
from tests.faults.trap import OWNERS, Trap
from tests.stories.waiting import eventually

RUN_SECONDS = 20.0
ON_FAKES = {**OWNERS, **dict.fromkeys(("compose", "containers", "images"), FakeProject)}
# So that every step is taken.
EVERY_STEP: dict[str, Any] = {"warm_up": {"paths": ["/"], "requests": 4}, "guard": "50ms"}


class Frozen(threading.Event):
    """kill -9 in miniature: a run that never takes another step, and undoes nothing."""

    def spring(self) -> None:
        self.set()
        threading.Event().wait()


class Visitor(threading.Thread):
    """Looks every few milliseconds whether a release answers."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self._stage = stage
        self._over = threading.Event()
        self.served = self.failed = 0

    def run(self) -> None:
        while not self._over.wait(0.003):
            if self._stage.serves():
                self.served += 1
            else:
                self.failed += 1

    def __enter__(self) -> Visitor:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A project in which 1.0.0 is live."""
    # Nothing is unhealthy here, so a busy machine gets time.
    made = Stage(tmp_path, health={"timeout": "20s", "interval": "10ms"}, **EVERY_STEP)
    made.switch("1.0.0")
    made.fresh()
    yield made
    made.project.close()


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_fault_at_any_step_costs_nothing_and_the_next_switch_succeeds(
    stage: Stage, step: Step, moment: Moment, fault: Fault, matrix: Matrix
) -> None:
    wanted = expected(fault, moment, step)
    with Visitor(stage) as visitor:
        code = _hit(stage, step, moment, fault)
        # The signal to reload was sent before this end, and takes a moment to work.
        with suppress(AssertionError):
            eventually(lambda: (stage.serves() == "1.0.1") == wanted.new, seconds=5)
        serves = stage.serves()
        left = _notices(stage)
        stage.fresh()
        stage.switch("1.0.1")
    assert Expected(code, serves == "1.0.1") == wanted
    assert visitor.failed == 0
    assert visitor.served
    assert stage.serves() == "1.0.1"
    assert _notices(stage) == ()
    assert set(stage.project.running()) == {stage.nginx.live.set} if stage.nginx.live else False
    if fault.is_signal or (fault is Fault.ERROR and not wanted.new):
        assert left == (), "a fault that fream saw leaves nothing to mend"
    served = NEW if wanted.new else OLD
    matrix.add_fake(Row.of_step(step, moment, fault, code, served, left, visitor.failed))


def _notices(stage: Stage) -> tuple[str, ...]:
    snapshot = take_snapshot(stage.project, stage.proxy)
    return tuple(mend.value.partition(":")[0] for mend in diagnose(snapshot))


def _hit(stage: Stage, step: Step, moment: Moment, fault: Fault) -> int:
    """Run a switch that a fault hits; returns the exit code."""
    killed = Frozen()
    ended: list[int] = []
    trap = Trap(step, moment, _deed(stage, fault, killed))
    run = threading.Thread(target=lambda: ended.append(_run(stage)), daemon=True)
    with trap.set(ON_FAKES):
        run.start()
        _wait(lambda: killed.is_set() or not run.is_alive())
    assert trap.sprung
    return ended[0] if ended else -9


def _deed(stage: Stage, fault: Fault, killed: Frozen) -> Callable[[], None]:
    if fault is Fault.SIGKILL:
        return killed.spring
    if fault.is_signal:
        return lambda: stage.interruption.note(fault.value)
    return spring(fault)


def _run(stage: Stage) -> int:
    try:
        stage.switch("1.0.1")
    except FreamError as error:
        return error.exit_code
    except RuntimeError:
        return 1
    return 0


def _wait(over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    while not over():
        assert time.monotonic() < deadline, "the run does not end"
        time.sleep(0.002)
