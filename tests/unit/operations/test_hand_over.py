"""Services that work for the live release only: who does not serve ends, who serves begins."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import (
    ConfigurationError,
    EngineError,
    GuardError,
    RejectedError,
    UnhealthyError,
)
from fream_compose.operations import infra
from fream_compose.operations.diagnosis import Fault, cause, diagnose
from fream_compose.operations.dry_run import dry_run
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.status import status
from fream_compose.operations.workers import Ailing
from fream_compose.project.entry import Kind
from fream_compose.project.finishing import FinishingNote
from fream_compose.release import SetName, Version
from fream_compose.step_ids import StepId
from tests.fakes import Stage

LATE = {"worker": {"after": "cut_over"}, "scheduler": {"alone": True}}
WARM = timedelta(minutes=10)


# Where the limit is not the point, a busy machine gets its time.
UNHURRIED = {"timeout": "1m", "interval": "10ms", "request_timeout": "10s"}


def staged(folder: Path, **x_fream: Any) -> Stage:
    """A project with a worker and a scheduler, in which 1.0.0 is live in set1."""
    stage = Stage(folder, beside=("worker", "scheduler"), **{"services": LATE, **x_fream})
    stage.switch("1.0.0")
    stage.fresh()
    stage.project.told.clear()
    return stage


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Stage]:
    stage = staged(tmp_path)
    yield stage
    stage.project.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Stage]:
    stage = staged(tmp_path, guard="3s")
    yield stage
    stage.project.close()


def both(name: str) -> set[str]:
    """The services of a set that work while its release is live."""
    return {f"{name}-worker", f"{name}-scheduler"}


def soon(stage: Stage, service: str, exit_code: int = 0) -> threading.Thread:
    """What is busy ends once somebody waits for it."""

    def end() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not any(
            f"Waiting: {service}" in note for note in stage.watcher.notes
        ):
            time.sleep(0.02)
        stage.project.finish(service, exit_code)

    thread = threading.Thread(target=end)
    thread.start()
    return thread


def seen(stage: Stage) -> Snapshot:
    return take_snapshot(stage.project, stage.proxy)


def told_before(stage: Stage, first: str, second: str) -> bool:
    told = stage.project.told
    return told.index(first) < told.index(second)


# --- a switch ---


def test_a_first_release_has_its_workers_started_once_it_is_live(tmp_path: Path) -> None:
    stage = Stage(tmp_path, beside=("worker",), services={"worker": {"after": "cut_over"}})
    at_work: list[set[str]] = []
    stage.watcher.at["Cut over"] = lambda: at_work.append(stage.project.at_work())

    stage.switch("1.0.0")

    assert at_work == [set()]
    assert stage.project.at_work() == {"set1-worker"}
    stage.project.close()


def test_the_workers_change_hands_after_the_cut_over(live: Stage) -> None:
    before: list[set[str]] = []
    live.watcher.at["Hand over"] = lambda: before.append(live.project.at_work())

    live.switch("1.0.1")

    assert before == [both("set1")], "until the cut-over the old ones work, and no other"
    assert live.project.at_work() == both("set2")
    assert live.watcher.warnings == []


def test_the_old_worker_is_told_to_stop_before_the_new_one_starts(live: Stage) -> None:
    live.switch("1.0.1")

    assert told_before(live, "set1-worker told to stop", "set2-worker started")
    assert told_before(live, "set1-scheduler ended", "set2-scheduler started")


def test_a_long_job_does_not_hold_the_switch(live: Stage) -> None:
    live.project.busy.add("set1-worker")

    live.switch("1.0.1")

    assert live.project.at_work() == {*both("set2"), "set1-worker"}
    assert set(live.project.running()) == {"set2"}
    found = status(live.project, live.proxy)
    assert [one.service for one in found.finishing] == ["set1-worker"]
    assert found.notices == ()
    assert "set1-worker finishes its work, until " in str(found.finishing[0])
    assert diagnose(seen(live)) == ()


def test_one_that_must_be_alone_waits_for_the_end_of_its_predecessor(live: Stage) -> None:
    live.project.busy.add("set1-scheduler")
    timer = soon(live, "set1-scheduler")

    live.switch("1.0.1")

    timer.join()
    assert told_before(live, "set2-worker started", "set1-scheduler ended"), "it waits for nobody"
    assert told_before(live, "set1-scheduler ended", "set2-scheduler started")
    assert any("Waiting: set1-scheduler finishes" in note for note in live.watcher.notes)


def test_a_service_starts_after_the_one_that_it_names(tmp_path: Path) -> None:
    services = {"worker": {"after": "scheduler"}, "scheduler": {"alone": True}}
    stage = staged(tmp_path, services=services)
    stage.project.busy.add("set1-scheduler")
    timer = soon(stage, "set1-scheduler")

    stage.switch("1.0.1")

    timer.join()
    assert told_before(stage, "set2-scheduler started", "set2-worker started")
    stage.project.close()


def test_a_project_without_such_services_has_no_such_step(stage: Stage) -> None:
    stage.switch("1.0.0")

    assert StepId.HAND_OVER not in stage.history.entries()[-1].step_ids.values()
    assert stage.project.told == []


# --- the next command ---


def test_what_has_ended_meanwhile_is_forgotten_by_the_next_command(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    live.project.finish("set1-worker")

    Recovery(live.context).recover()

    assert live.settings.state.finishing.all() == ()


def test_what_ended_without_being_removed_is_removed_by_the_next_command(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    live.project.workers["set1-worker"].end(0)

    Recovery(live.context).recover()

    assert set(live.project.workers) == both("set2")
    assert live.watcher.warnings == []


def test_what_had_to_be_killed_is_told(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    live.project.finish("set1-worker", exit_code=137)

    Recovery(live.context).recover()

    assert any("set1-worker" in text and "was killed" in text for text in live.watcher.warnings)
    assert set(live.project.workers) == both("set2")


def test_what_works_on_after_its_time_is_removed(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    note = live.settings.state.finishing
    (one,) = note.all()
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    note.add(replace(one, until=long_ago))

    Recovery(live.context).recover()

    assert set(live.project.workers) == both("set2")
    assert any("was killed" in text for text in live.watcher.warnings)


def test_what_was_started_again_since_it_was_told_is_told_again(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    live.project.workers["set1-worker"].begin()
    live.project.busy.clear()
    assert Fault.WORKERS in diagnose(seen(live)), "it takes jobs, and its release is not live"

    Recovery(live.context).recover()

    assert live.project.at_work() == both("set2")


def test_a_release_into_the_place_of_what_finishes_waits_for_its_end(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    live.project.told.clear()
    timer = soon(live, "set1-worker")

    live.switch("1.0.2")

    timer.join()
    assert told_before(live, "set1-worker ended", "set1-worker started")
    assert "wait" in live.history.entries()[-1].step_ids.values()
    assert live.project.at_work() == both("set1")


def test_users_do_not_wait_for_a_worker_on_the_way_back(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1", keep_warm=WARM)
    live.project.told.clear()
    served: list[str] = []

    def look() -> None:
        served.append(live.serves())
        soon(live, "set1-worker")

    live.watcher.at["Hand over"] = look

    live.switch(live.history.entries()[0].version, kind=Kind.ROLLBACK)

    assert served == ["1.0.0"]
    assert told_before(live, "set1-worker ended", "set1-worker started")
    assert live.project.at_work() == both("set1")
    assert "wait" not in live.history.entries()[-1].step_ids.values()


# --- warm, held ---


def test_nothing_works_for_a_release_that_is_kept_warm(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)

    assert set(live.project.running()) == {"set1", "set2"}
    assert live.project.at_work() == both("set2")
    assert diagnose(seen(live)) == ()


def test_nothing_works_for_a_release_that_is_held(live: Stage) -> None:
    working: list[set[str]] = []

    def look_and_abort() -> None:
        working.append(live.project.at_work())
        held = live.settings.state.notes.held()
        assert held
        live.settings.state.notes.decide(held.switch, "abort")

    live.watcher.at["Hold"] = look_and_abort
    with pytest.raises(RejectedError):
        live.switch("1.0.1", hold=True)

    assert working == [both("set1")]
    assert live.project.at_work() == both("set1")
    assert "set1-worker told to stop" not in live.project.told


# --- what fails ---


def test_a_worker_that_crashes_after_the_cut_over_takes_the_release_back(guarded: Stage) -> None:
    guarded.project.crashing.add("set2-worker")

    with pytest.raises(GuardError) as error:
        guarded.switch("1.0.1")

    assert (
        "The container of set2-worker ended with exit code 3, and Docker started it again"
        in error.value.why
    )
    assert error.value.logs == ("log of shop-set2-worker-1",)
    assert guarded.serves() == "1.0.0"
    assert guarded.project.at_work() == both("set1")


def test_users_come_first_when_a_release_is_taken_back(guarded: Stage) -> None:
    guarded.project.crashing.add("set2-worker")
    guarded.project.busy.add("set1-worker")
    served: list[str] = []

    def look() -> None:
        served.append(guarded.serves())
        soon(guarded, "set1-worker")

    guarded.watcher.at["Hand over to set1"] = look

    with pytest.raises(GuardError):
        guarded.switch("1.0.1")

    assert served == ["1.0.0"]
    assert told_before(guarded, "set1-worker ended", "set1-worker started")
    assert guarded.project.at_work() == both("set1")


def test_a_worker_that_cannot_be_started_takes_the_release_back(guarded: Stage) -> None:
    guarded.project.fail("up set2-worker set2-scheduler", "no such file")

    with pytest.raises(GuardError, match="failed after the cut-over"):
        guarded.switch("1.0.1")

    assert guarded.serves() == "1.0.0"
    assert guarded.project.at_work() == both("set1")


def test_without_a_guard_a_worker_that_fails_is_a_warning(live: Stage) -> None:
    live.project.crashing.add("set2-worker")

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert any("set2-worker" in text for text in live.watcher.warnings)
    assert any("set2-worker" in text for text in status(live.project, live.proxy).notices)


def test_without_a_guard_a_worker_that_cannot_be_started_is_a_warning(live: Stage) -> None:
    live.project.fail("up set2-worker set2-scheduler", "no such file")

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert any("not all of the release works" in text for text in live.watcher.warnings)
    assert Fault.WORKERS in diagnose(seen(live))


# --- a run that was killed ---


def released_with(stage: Stage, names: str) -> None:
    """Have the live release be noted as released with these services."""
    path = stage.settings.state_directory / "checked.set1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"services": names}))


def test_a_worker_that_is_new_in_the_files_waits_for_the_next_release(live: Stage) -> None:
    live.project.workers.clear()
    released_with(live, "app scheduler")

    Recovery(live.context).recover()
    assert live.project.at_work() == {"set1-scheduler"}, "the old image may not know the worker"
    assert diagnose(seen(live)) == ()

    live.switch("1.0.1")
    assert live.project.at_work() == both("set2")
    live.switch("1.0.0")
    assert live.project.at_work() == both("set1"), "what was noted of an earlier release is over"


def test_a_release_that_is_taken_back_leaves_a_new_worker_out(guarded: Stage) -> None:
    guarded.project.workers.pop("set1-worker").end(0)
    released_with(guarded, "app scheduler")
    guarded.watcher.at["Guard"] = lambda: guarded.project.workers["set2-worker"].crash()

    with pytest.raises(GuardError):
        guarded.switch("1.0.1")

    assert guarded.project.at_work() == {"set1-scheduler"}


@pytest.mark.parametrize("step", ["Hand over", "Drain set1", "Stop and remove set1"])
def test_a_run_that_was_killed_is_brought_to_its_end(live: Stage, step: str) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    live.watcher.at[step] = die
    with pytest.raises(KeyboardInterrupt):
        live.switch("1.0.1")
    live.fresh()

    Recovery(live.context).recover()

    assert live.serves() == "1.0.1"
    assert live.project.at_work() == both("set2")
    assert set(live.project.running()) == {"set2"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p: p.workers.pop("set1-worker"), "set1-worker does not run"),
        (lambda p: p.workers["set1-worker"].end(143), "set1-worker does not run"),
        (lambda p: p.add_worker("set2-worker"), "set2-worker is there"),
    ],
)
def test_who_should_work_and_does_not_is_out_of_order(live: Stage, change: Any, why: str) -> None:
    change(live.project)
    found = seen(live)
    assert diagnose(found) == (
        (Fault.WORKERS,) if "set1" in why else (Fault.IDLE_SET, Fault.WORKERS)
    )
    assert why in cause(Fault.WORKERS, found)

    Recovery(live.context).recover()

    assert live.project.at_work() == both("set1")
    assert diagnose(seen(live)) == ()


def test_a_worker_of_a_warm_set_is_ended_and_its_set_stays(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    live.project.add_worker("set1-worker")
    assert diagnose(seen(live)) == (Fault.WORKERS,)

    Recovery(live.context).recover()

    assert live.project.at_work() == both("set2")
    assert set(live.project.running()) == {"set1", "set2"}


def test_a_job_that_is_done_or_failed_has_had_its_turn(live: Stage) -> None:
    worker = live.project.workers["set1-worker"]
    worker.lasting = False
    worker.end(0)
    assert seen(live).workers.ailing == ()
    assert diagnose(seen(live)) == ()

    worker.end(2)
    assert seen(live).workers.ailing == (
        Ailing("set1-worker ended with exit code 2", "fream logs set1-worker"),
    )
    assert diagnose(seen(live)) == ()


def test_a_worker_that_does_not_start_does_not_keep_a_release_back(live: Stage) -> None:
    live.project.workers.pop("set1-worker")
    live.project.fail("up set1-worker set1-scheduler", "no such file")

    live.switch("1.0.1")

    assert live.project.at_work() == both("set2")


def test_up_has_the_workers_of_the_live_set_start(live: Stage) -> None:
    live.project.down(volumes=False)

    infra.up(live.context, ())

    assert live.serves() == "1.0.0"
    assert live.project.at_work() == both("set1")


def test_a_hand_over_may_be_done_again(live: Stage) -> None:
    release = seen(live).live
    assert release

    HandOver(live.context).to(release, live.interruption.wait)

    assert live.project.at_work() == both("set1")
    assert not [text for text in live.project.told if "told to stop" in text]


def test_who_was_told_to_stop_is_not_told_again(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    release = seen(live).live
    assert release

    HandOver(live.context).to(release, live.interruption.wait)

    assert live.project.told.count("set1-worker told to stop") == 1


def test_an_engine_that_fails_meanwhile_is_told(live: Stage) -> None:
    live.project.workers.pop("set1-worker")
    live.project.fail("up set1-worker set1-scheduler", "no such file")

    with pytest.raises(EngineError, match="set1-worker"):
        Recovery(live.context).recover()


# --- what starts with the release ---


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Stage]:
    """A project of today with a worker that starts with its set; 1.0.0 is live."""
    stage = Stage(tmp_path, beside=("worker",), health=UNHURRIED)
    stage.speed = 20.0
    stage.switch("1.0.0")
    stage.fresh()
    yield stage
    stage.project.close()


def test_a_worker_of_today_starts_and_stops_with_its_set(beside: Stage) -> None:
    beside.switch("1.0.1")

    assert beside.project.at_work() == {"set2-worker"}
    assert beside.project.told == ["set1-worker started", "set2-worker started"]


def test_a_worker_that_crashes_keeps_its_release_from_going_live(beside: Stage) -> None:
    beside.project.crashing.add("set2-worker")

    with pytest.raises(UnhealthyError) as error:
        beside.switch("1.0.1")

    assert "set2-worker ended with exit code 3, and Docker" in error.value.why
    assert error.value.logs == ("log of shop-set2-worker-1",)
    assert beside.project.at_work() == {"set1-worker"}


def test_a_worker_that_crashes_a_moment_later_is_found_too(beside: Stage) -> None:
    beside.speed = 1.0
    crash = threading.Timer(1.0, lambda: beside.project.workers["set2-worker"].crash())
    beside.watcher.at["Check the health"] = crash.start

    with pytest.raises(UnhealthyError) as error:
        beside.switch("1.0.1")

    assert "set2-worker" in error.value.why
    assert beside.serves() == "1.0.0"


def test_a_worker_that_is_not_healthy_keeps_its_release_from_going_live(beside: Stage) -> None:
    beside.project.sick.add("set2-worker")

    with pytest.raises(UnhealthyError) as error:
        beside.switch("1.0.1")

    assert "The health check of set2-worker says unhealthy" in error.value.why
    assert error.value.logs == ("log of shop-set2-worker-1",)


def test_a_worker_that_falls_ill_is_told_in_status(beside: Stage) -> None:
    beside.project.workers["set1-worker"].health = "unhealthy"

    assert status(beside.project, beside.proxy).notices == (
        "set1-worker does not pass its health check: fream logs set1-worker",
    )


# --- what is in the Compose files no more ---


def test_an_orphan_is_told_and_goes_with_its_set(live: Stage) -> None:
    live.project.add_worker("set1-beat")
    live.project.add_worker("mailer")

    assert status(live.project, live.proxy).notices == (
        "set1-beat is in the Compose files no more: shop-set1-beat-1 goes with set1",
        "mailer is in the Compose files no more: fream down removes shop-mailer-1",
    )
    live.switch("1.0.1")

    assert set(live.project.workers) == {*both("set2"), "mailer"}


def test_an_orphan_of_a_set_that_is_removed_goes_with_it(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    live.project.add_worker("set1-beat")

    live.switch("1.0.2")

    assert set(live.project.workers) == both("set1")


def test_down_takes_everything(live: Stage) -> None:
    live.project.busy.add("set1-worker")
    live.switch("1.0.1")
    live.project.add_worker("mailer")

    infra.down(live.project, live.watcher, volumes=False)

    assert live.project.workers == {}


def test_a_dry_run_tells_who_waits_for_whom(live: Stage) -> None:
    told = dry_run(live.project, live.proxy, SwitchRequest(Version.parse("1.0.1")))

    (step,) = [step for step in told.steps if step[0] == StepId.HAND_OVER]
    assert step[1] == "Hand over to set2-worker, set2-scheduler"
    assert "scheduler starts when set1-scheduler has ended" in step[2]


def test_a_job_that_is_done_is_not_run_again_by_a_repair(live: Stage) -> None:
    job = live.project.workers["set1-scheduler"]
    job.lasting = False
    job.end(0)
    live.project.workers.pop("set1-worker")

    Recovery(live.context).recover()

    assert "set1-worker" in live.project.at_work()
    assert "set1-scheduler" not in live.project.at_work()


def test_where_no_end_can_be_noted_the_new_release_works_all_the_same(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ConfigurationError("The note cannot be written", "No space left on device")

    monkeypatch.setattr(FinishingNote, "add", full)
    live.switch("1.0.1")

    assert live.project.at_work() == both("set2")
    assert any("No space left on device" in text for text in live.watcher.warnings)


def test_who_was_told_to_end_and_has_is_no_job_that_is_done(live: Stage) -> None:
    worker = live.project.workers["set1-worker"]
    live.project.busy.add("set1-worker")
    HandOver(live.context).let_go(SetName.SET1, [worker.condition])
    worker.lasting = False  # as Docker has it of who must not come back
    worker.end(0)
    release = take_snapshot(live.project, live.proxy).live
    assert release

    HandOver(live.context).to(release, lambda _: None)

    assert "set1-worker" in live.project.at_work()
