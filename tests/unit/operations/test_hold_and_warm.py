"""A switch that is held for a verdict, and a set that is kept for the way back."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fream_compose.errors import RejectedError
from fream_compose.operations.diagnosis import Fault, diagnose
from fream_compose.operations.dry_run import dry_run
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.project.entry import Kind
from fream_compose.project.notes import Notes, Warm
from fream_compose.release import SetName, Version
from tests.fakes import Stage

WARM = timedelta(minutes=10)


def decide_soon(stage: Stage, verdict: str) -> threading.Thread:
    """Give the verdict from elsewhere as soon as a switch is held."""

    def wait_and_decide() -> None:
        notes = stage.settings.state.notes
        deadline = time.monotonic() + 30
        while not (held := notes.held()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert held
        notes.decide(held.switch, verdict, "bert (deploy@server): fine by me")

    thread = threading.Thread(target=wait_and_decide)
    thread.start()
    return thread


def test_a_held_release_serves_once_it_is_promoted(live: Stage) -> None:
    thread = decide_soon(live, "promote")

    live.switch("1.0.1", hold=True)

    thread.join()
    assert live.serves() == "1.0.1"
    assert live.settings.state.notes.held() is None
    assert live.history.entries()[-1].promoted_by == "bert (deploy@server): fine by me"


def test_a_held_release_that_is_aborted_is_undone(live: Stage) -> None:
    thread = decide_soon(live, "abort")

    with pytest.raises(RejectedError) as error:
        live.switch("1.0.1", hold=True)

    thread.join()
    assert error.value.exit_code == 8
    assert error.value.why == "By bert (deploy@server): fine by me"
    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set1"}


def test_a_held_release_is_undone_when_nobody_decides(tmp_path: Path) -> None:
    stage = Stage(tmp_path, hold={"timeout": "300ms"})

    with pytest.raises(RejectedError, match="nobody decided"):
        stage.switch("1.0.1", hold=True)

    assert stage.project.running() == {}
    stage.project.close()


def test_a_verdict_on_an_earlier_switch_does_not_count(tmp_path: Path) -> None:
    stage = Stage(tmp_path, hold={"timeout": "300ms"})
    stage.settings.state_directory.mkdir()
    stage.settings.state.notes.decide("20250101T000000Z-000000", "promote")

    with pytest.raises(RejectedError, match="nobody decided"):
        stage.switch("1.0.1", hold=True)
    stage.project.close()


def test_a_verdict_is_on_one_switch_only(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "state")
    notes.decide("this", "promote")

    assert (notes.verdict("this"), notes.verdict("that")) == ("promote", "")


def test_the_old_set_stays_running_when_it_is_kept_warm(live: Stage) -> None:
    outcome = live.switch("1.0.1", keep_warm=WARM)

    assert outcome.kept_warm == WARM
    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set1", "set2"}
    assert diagnose(take_snapshot(live.project, live.proxy)) == ()


def test_a_warm_set_serves_again_without_a_new_container(live: Stage) -> None:
    old = live.nginx.live
    assert old
    live.switch("1.0.1", keep_warm=WARM)
    live.fresh()
    app = live.project.apps[SetName.SET1]

    live.switch(str(old.version), kind=Kind.ROLLBACK)

    assert live.serves() == "1.0.0"
    assert live.project.apps[SetName.SET1] is app
    assert set(live.project.running()) == {"set1"}


def test_a_release_of_what_is_kept_warm_gets_a_container_of_its_own(live: Stage) -> None:
    """Only a rollback asks for what ran before; a release asks for what is in the registry."""
    old = live.nginx.live
    assert old
    live.switch("1.0.1", keep_warm=WARM)
    live.fresh()
    app = live.project.apps[SetName.SET1]

    live.switch(str(old.version))

    assert live.serves() == "1.0.0"
    assert live.project.apps[SetName.SET1] is not app


def test_a_warm_set_that_fell_ill_does_not_serve(live: Stage) -> None:
    old = live.nginx.live
    assert old
    live.switch("1.0.1", keep_warm=WARM)
    live.fresh()
    app = live.project.apps[SetName.SET1]
    app.behaviour = replace(app.behaviour, status=503)

    with pytest.raises(Exception, match="not healthy"):
        live.switch(str(old.version), kind=Kind.ROLLBACK)

    assert live.serves() == "1.0.1"


def test_a_release_takes_the_place_of_a_warm_set(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    live.fresh()

    live.switch("1.0.2")

    assert live.serves() == "1.0.2"
    assert set(live.project.running()) == {"set1"}


def test_a_warm_set_is_left_over_when_its_time_is_over(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    live.settings.state.notes.keep_warm(Warm(SetName.SET1, "1.0.0", past))

    assert diagnose(take_snapshot(live.project, live.proxy)) == (Fault.IDLE_SET,)


def test_a_dry_run_names_each_step_with_its_cause(live: Stage) -> None:
    found = dry_run(live.project, live.proxy, SwitchRequest(Version("1.0.1")))

    told = {title: cause for _, title, cause in found.steps}
    assert "1.0.0" in told["Start set2"]
    assert list(told)[-2:] == ["Stop and remove set1", "Remove the images of past releases"]
    assert found.obstacles == ()
    assert set(live.project.running()) == {"set1"}


def test_a_dry_run_tells_what_would_be_put_right_first(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "1.0.2")

    found = dry_run(live.project, live.proxy, SwitchRequest(Version("1.0.1")))

    assert found.steps[0] == ("repair", "Repair", Fault.IDLE_SET.value)
