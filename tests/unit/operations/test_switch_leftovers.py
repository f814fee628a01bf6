"""What an interrupted run, or a person, left behind is recognised and put right."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from fream_compose.errors import EngineError, InterruptedRun, UncertainError
from fream_compose.nginx import include
from fream_compose.operations.diagnosis import Fault
from fream_compose.operations.recovery import Recovery
from fream_compose.project.notes import Warm
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Behaviour, Stage

OTHER = LiveRelease(SetName.SET2, Version("0.9.0"), "20250101T000000Z-000000")


def repair(stage: Stage, mend: Fault) -> bool:
    return any(mend.value in title for title in stage.watcher.steps)


def test_an_idle_set_that_is_occupied_is_cleared_first(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")

    live.switch("1.0.1")

    assert repair(live, Fault.IDLE_SET)
    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}


def test_an_idle_set_with_an_ended_container_is_cleared_too(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    live.project.apps[SetName.SET2].end(1)

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"


def test_an_idle_set_is_cleared_only_when_nginx_sends_nothing_there(live: Stage) -> None:
    live.switch("1.0.1")
    live.fresh()
    live.project.start_by_hand(SetName.SET1, "1.0.0")
    live.nginx.give("set1", seconds=0.3)
    busy: list[bool] = []
    live.project.before("remove set1", lambda: busy.append(live.nginx.is_busy("set1")))

    live.switch("1.0.2")

    assert busy[0] is False


def test_a_good_set_that_nobody_names_is_left_alone_by_the_first_release(stage: Stage) -> None:
    stage.project.start_by_hand(SetName.SET1, "0.8.0")

    stage.switch("1.0.0")

    assert stage.serves() == "1.0.0"
    assert set(stage.project.running()) == {"set1", "set2"}
    stage.fresh()
    recover(stage)
    assert set(stage.project.running()) == {"set2"}, "now another one is live and healthy"


def test_two_good_sets_that_nobody_names_are_the_operators_to_choose_from(stage: Stage) -> None:
    stage.project.start_by_hand(SetName.SET1, "0.8.0")
    stage.project.start_by_hand(SetName.SET2, "0.9.0")

    with pytest.raises(UncertainError) as caught:
        stage.switch("1.0.0")

    assert set(stage.project.running()) == {"set1", "set2"}
    assert "docker compose --profile '*' rm --stop set" in caught.value.next_step


def test_sets_that_answer_badly_while_nothing_is_live_are_cleared(stage: Stage) -> None:
    for name, tag in ((SetName.SET1, "0.8.0"), (SetName.SET2, "0.9.0")):
        stage.project.behaviours[tag] = Behaviour(status=500)
        stage.project.start_by_hand(name, tag)

    stage.switch("1.0.0")

    assert stage.serves() == "1.0.0"
    assert set(stage.project.running()) == {"set1"}


def test_an_include_that_nginx_never_took_is_put_right(live: Stage) -> None:
    """A run was killed between the rename and the reload."""
    live.include.write_text(include.render(OTHER)[include.FILE])

    live.switch("1.0.1")

    assert repair(live, Fault.INCLUDE)
    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}


def test_an_include_that_is_gone_is_put_right(live: Stage) -> None:
    live.include.unlink()

    live.switch("1.0.1")

    assert repair(live, Fault.INCLUDE)
    assert live.serves() == "1.0.1"


def test_an_include_although_nothing_is_live_is_put_right(stage: Stage) -> None:
    """The first release was killed between the rename and the reload."""
    stage.include.write_text(include.render(OTHER)[include.FILE])

    stage.switch("1.0.0")

    assert repair(stage, Fault.INCLUDE)
    assert stage.serves() == "1.0.0"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"upstream app { server 10.0.0.7; }\n",
        b"set $live_set set9;\n",
        b"\xff\xfe binary",
    ],
)
def test_an_include_that_was_edited_to_garbage_is_put_right(live: Stage, garbage: bytes) -> None:
    live.include.write_bytes(garbage)

    live.switch("1.0.1")

    assert repair(live, Fault.INCLUDE)
    assert live.serves() == "1.0.1"


def test_the_candidate_of_a_killed_run_does_not_disturb_the_next(live: Stage) -> None:
    candidate = live.settings.nginx_directory / ".candidate"
    (candidate / "site.d").mkdir(parents=True)
    (candidate / "site.d" / "old.conf").write_text("broken;\n")

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert not candidate.exists()


def test_a_run_killed_after_the_cut_over_is_finished_forward(live: Stage) -> None:
    """set2 was confirmed, but .env still names set1, and set1 still runs."""
    env = live.env
    live.project.fail("remove set1", "killed")
    live.switch("1.0.1")
    live.fresh()
    live.env_path.write_text(env)

    live.switch("1.0.2")

    assert live.serves() == "1.0.2"
    assert set(live.project.running()) == {"set1"}
    assert "COMPOSE_PROFILES=infra,set1\n" in live.env


def test_leftovers_that_cannot_be_cleared_leave_the_live_set_serving(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    live.project.fail("remove set2", "the engine hung")

    with pytest.raises(EngineError):
        live.switch("1.0.1")

    assert live.serves() == "1.0.0"
    assert "set1" in live.project.running()


def test_a_signal_while_leftovers_are_cleared_leaves_the_live_set_serving(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    live.watcher.at["Repair"] = lambda: live.interruption.note(15)

    with pytest.raises(InterruptedRun):
        live.switch("1.0.1")

    assert live.serves() == "1.0.0"


def test_nginx_that_is_stopped_is_started_and_the_release_goes_on(live: Stage) -> None:
    live.nginx.stop()
    live.project.infra.discard("nginx")

    live.switch("1.0.1")

    assert repair(live, Fault.NGINX_STOPPED)
    assert live.serves() == "1.0.1"


def test_a_live_set_that_ended_does_not_stop_the_release_that_mends_it(live: Stage) -> None:
    live.project.apps[SetName.SET1].end(1)
    live.project.behaviours["1.0.0"] = Behaviour(exits=1)

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}


def recover(stage: Stage) -> None:
    Recovery(stage.context).repair()


def test_recovery_of_what_is_in_order_does_nothing(live: Stage) -> None:
    recover(live)

    assert live.watcher.steps == []
    assert live.serves() == "1.0.0"


def test_recovery_starts_the_live_set_again(live: Stage) -> None:
    live.project.compose.remove(SetName.SET1)

    recover(live)

    assert live.serves() == "1.0.0"
    assert live.watcher.steps == [f"Repair: {Fault.LIVE_SET.value}"]


def test_recovery_serves_from_the_other_set_when_only_that_is_healthy(live: Stage) -> None:
    """nginx was restarted between rename and reload: it names a set that never was."""
    live.include.write_text(include.render(OTHER)[include.FILE])
    live.nginx.hup()

    recover(live)

    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set1"}
    assert "COMPOSE_PROFILES=infra,set1\n" in live.env


def test_recovery_names_what_was_started_by_hand(live: Stage) -> None:
    live.project.compose.remove(SetName.SET1)
    live.project.start_by_hand(SetName.SET1, "1.0.3")

    recover(live)

    assert live.nginx.live
    assert live.nginx.live.version == Version("1.0.3")
    assert "SET1_VERSION=1.0.3\n" in live.env


def test_recovery_writes_env_anew(live: Stage) -> None:
    live.project.env.update({"COMPOSE_PROFILES": "infra,set2", "SET1_VERSION": "0.1"})

    recover(live)

    assert "COMPOSE_PROFILES=infra,set1\n" in live.env
    assert "SET1_VERSION=1.0.0@" in live.env


def test_recovery_that_cannot_revive_the_live_set_says_so(live: Stage) -> None:
    live.project.compose.remove(SetName.SET1)
    live.project.fail("up set1", "no such image")

    with pytest.raises(EngineError):
        recover(live)


def test_everything_at_once_is_put_right(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    live.include.write_text(include.render(OTHER)[include.FILE])
    live.project.env.update({"COMPOSE_PROFILES": "infra"})

    recover(live)

    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set1"}
    assert "COMPOSE_PROFILES=infra,set1\n" in live.env


def test_a_stale_note_of_a_warm_set_does_not_shield_what_runs_there_now(live: Stage) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    live.settings.state_directory.mkdir(exist_ok=True)
    notes = live.settings.state.notes
    notes.keep_warm(Warm(SetName.SET2, "1.0.3", soon))

    live.switch("1.0.1")

    assert notes.warm() is None


def test_a_live_set_that_docker_is_restarting_is_waited_for(live: Stage) -> None:
    app = live.project.apps[SetName.SET1]
    app.end(1)
    timer = threading.Timer(0.5, app.start)
    timer.start()

    live.switch("1.0.1")

    timer.join()
    assert any("came back by itself" in step for step in live.watcher.details.values())


def test_a_leftover_that_never_served_does_not_take_over(live: Stage) -> None:
    live.project.compose.remove(SetName.SET1)
    live.project.start_by_hand(SetName.SET2, "1.0.3")
    live.project.env.update({"SET2_VERSION": "1.0.3"})

    live.switch("1.0.1")

    assert not any("1.0.3 in set2 serves instead" in step for step in live.watcher.details.values())


def test_a_drain_that_is_cut_short_is_on_record(live: Stage) -> None:
    seen: list[tuple[str, bool]] = []
    live.project.before(
        "remove set1", lambda: seen.extend((e.result, e.served) for e in live.history.entries())
    )

    live.switch("1.0.1")

    assert seen == [("done", True), ("running", True)]
    assert len(live.history.entries()) == 2
