"""Users are served again from what is known, and no set goes that may be the last good one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from fream_compose.cli.views.status import lines
from fream_compose.doctor.project import project_facts
from fream_compose.errors import FreamError, ProxyError, UncertainError, UnhealthyError
from fream_compose.nginx import include
from fream_compose.operations import infra
from fream_compose.operations.diagnosis import Fault, diagnose
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.status import status
from fream_compose.project.notes import Warm
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Behaviour, Stage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGES_AGO = "2020-01-01T00:00:00.000000001Z"


def recovery(stage: Stage) -> Recovery:
    return Recovery(stage.context)


def recover(stage: Stage) -> Snapshot:
    return recovery(stage).recover()


def restart_nginx(stage: Stage) -> None:
    stage.nginx.stop()
    stage.nginx.start()


def lose_the_include(stage: Stage) -> None:
    """As an `rsync --delete` does, and a reboot that follows."""
    stage.include.unlink()
    restart_nginx(stage)
    assert stage.serves() == ""


def forget_history(stage: Stage) -> None:
    shutil.rmtree(stage.settings.state_directory)


def forget_env(stage: Stage) -> None:
    stage.project.env.update({"COMPOSE_PROFILES": "infra", "SET1_VERSION": "none"})


def ill(stage: Stage, name: SetName) -> None:
    """A set that runs, has had its time to boot, and answers badly."""
    app = stage.project.apps[name]
    app.behaviour = Behaviour(status=500)
    app.started = AGES_AGO


def nothing(_: Stage) -> None:
    pass


@pytest.mark.parametrize("forget", [nothing, forget_history, forget_env])
@pytest.mark.parametrize("garbage", [None, "# empty\n"])
def test_an_include_that_was_lost_is_written_again_and_the_app_goes_on(
    live: Stage, forget: Callable[[Stage], None], garbage: str | None
) -> None:
    before = live.nginx.live
    assert before
    lose_the_include(live)
    if garbage:
        live.include.write_text(garbage)
    forget(live)

    recover(live)

    assert live.serves() == "1.0.0"
    assert live.nginx.live
    assert (live.nginx.live.set, live.nginx.live.version) == (before.set, before.version)
    assert live.include.exists()
    assert "COMPOSE_PROFILES=infra,set1\n" in live.env


def test_a_lost_include_is_written_with_the_id_that_the_history_knows(live: Stage) -> None:
    before = live.nginx.live
    lose_the_include(live)

    recover(live)

    assert live.nginx.live == before


def test_a_lost_include_does_not_stop_the_next_release(live: Stage) -> None:
    lose_the_include(live)

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}


def test_the_only_app_that_runs_stays_although_nobody_names_it(live: Stage) -> None:
    lose_the_include(live)
    forget_history(live)
    forget_env(live)

    with pytest.raises(UncertainError) as caught:
        recover(live)

    assert set(live.project.running()) == {"set1"}
    assert "fream switch" in caught.value.next_step


def test_a_lost_release_that_does_not_run_is_started_and_then_served(live: Stage) -> None:
    live.project.apps[SetName.SET1].end(143)
    lose_the_include(live)

    recover(live)

    assert live.serves() == "1.0.0"


def test_a_lost_release_that_is_not_healthy_is_not_served(live: Stage) -> None:
    ill(live, SetName.SET1)
    lose_the_include(live)

    with pytest.raises(UnhealthyError):
        recover(live)

    assert live.nginx.live is None
    assert set(live.project.running()) == {"set1"}


def test_a_release_that_failed_is_not_what_the_history_calls_the_last(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=500)
    with pytest.raises(UnhealthyError):
        live.switch("1.0.1")
    live.fresh()
    lose_the_include(live)
    forget_env(live)

    recover(live)

    assert live.serves() == "1.0.0"


def test_an_env_that_names_both_sets_chooses_neither(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    lose_the_include(live)
    forget_history(live)
    live.project.env.update({"COMPOSE_PROFILES": "infra,set1,set2", "SET2_VERSION": "0.9.0"})

    with pytest.raises(UncertainError):
        recover(live)

    assert live.nginx.live is None
    assert set(live.project.running()) == {"set1", "set2"}


def test_the_history_alone_starts_nothing(live: Stage) -> None:
    live.project.compose.remove(SetName.SET1)
    lose_the_include(live)
    forget_env(live)

    assert recover(live).live is None
    assert live.project.running() == {}


def test_a_first_release_that_was_killed_at_its_cut_over_is_finished(stage: Stage) -> None:
    first = stage.put(SetName.SET1, "1.0.0")
    stage.include.unlink()
    restart_nginx(stage)
    stage.project.env.update({"COMPOSE_PROFILES": "infra"})
    include.put(stage.settings.nginx_directory, first)

    recover(stage)

    assert stage.serves() == "1.0.0"


def test_a_live_set_that_is_not_healthy_leaves_the_other_where_it_is(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    ill(live, SetName.SET1)

    with pytest.raises(UnhealthyError):
        recover(live)

    assert set(live.project.running()) == {"set1", "set2"}
    assert "set2 stays: set1, which is live, is not healthy" in live.watcher.warnings[0]


def test_a_recovery_removes_nothing_while_the_live_set_is_not_healthy(live: Stage) -> None:
    """Only a release takes the place of a set that is ill as well."""
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    for name in SetName:
        ill(live, name)

    with pytest.raises(UnhealthyError):
        recover(live)

    assert set(live.project.running()) == {"set1", "set2"}


def test_a_release_does_not_take_the_place_of_the_only_good_set(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    ill(live, SetName.SET1)

    with pytest.raises(UncertainError):
        live.switch("1.0.1")

    assert set(live.project.running()) == {"set1", "set2"}
    assert live.project.running()["set2"] == "0.9.0"


def test_a_release_takes_the_place_of_what_is_as_ill_as_the_live_one(live: Stage) -> None:
    live.project.behaviours["0.9.0"] = Behaviour(status=500)
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    ill(live, SetName.SET1)

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"


def test_a_warm_set_stays_while_the_live_one_is_not_healthy(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=timedelta(minutes=5))
    live.fresh()
    ill(live, SetName.SET2)

    with pytest.raises(UncertainError) as caught:
        live.switch("1.0.2")

    assert "fream rollback" in caught.value.next_step
    assert set(live.project.running()) == {"set1", "set2"}


def test_a_warm_set_that_is_late_once_is_not_ill(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=timedelta(minutes=5))
    live.fresh()
    ill(live, SetName.SET2)
    warm = live.project.apps[SetName.SET1]

    def late_once() -> None:
        warm.behaviour = Behaviour(ready_after=warm.asked + 1)

    live.watcher.at["Remove set1"] = late_once

    with pytest.raises(UncertainError):
        live.switch("1.0.2")

    assert live.project.apps[SetName.SET1] is warm


def test_a_warm_set_whose_time_is_over_stays_while_the_live_one_is_not_healthy(
    live: Stage,
) -> None:
    live.switch("1.0.1", keep_warm=timedelta(minutes=5))
    live.fresh()
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    live.settings.state.notes.keep_warm(Warm(SetName.SET1, "1.0.0", past))
    ill(live, SetName.SET2)

    recovery(live).repair(only=[Fault.IDLE_SET])

    assert set(live.project.running()) == {"set1", "set2"}
    live.project.apps[SetName.SET2].behaviour = Behaviour()
    live.fresh()
    recovery(live).repair(only=[Fault.IDLE_SET])
    assert set(live.project.running()) == {"set2"}


def test_a_live_set_that_still_boots_is_waited_for(live: Stage) -> None:
    app = live.project.apps[SetName.SET1]
    app.behaviour = Behaviour(ready_after=app.asked + 6)
    live.project.start_by_hand(SetName.SET2, "0.9.0")

    recover(live)

    assert set(live.project.running()) == {"set1"}


def test_a_recovery_that_leaves_users_unserved_does_not_end_well(live: Stage) -> None:
    ill(live, SetName.SET1)

    with pytest.raises(UnhealthyError) as caught:
        recover(live)

    assert "HTTP 500" in caught.value.why
    assert "fream rollback" in caught.value.next_step


# --- nginx ---


@pytest.fixture
def crashing(live: Stage) -> Stage:
    """A typing error in nginx's files, then a reboot."""
    path = live.settings.nginx_directory / "site.d" / "limits.conf"
    path.write_text("broken;\n")
    live.nginx.stop()
    live.project.statuses["nginx"] = "Restarting (1) 5 seconds ago"
    return live


def test_a_file_that_nginx_refuses_is_named_with_its_line(crashing: Stage) -> None:
    with pytest.raises(ProxyError) as caught:
        recover(crashing)

    assert 'unknown directive "broken" in /etc/nginx/site.d/limits.conf:1' in caught.value.why
    assert crashing.project.restarts == 0


def test_nginx_comes_back_at_once_when_its_file_is_corrected(crashing: Stage) -> None:
    (crashing.settings.nginx_directory / "site.d" / "limits.conf").write_text("# well\n")

    recover(crashing)

    assert crashing.serves() == "1.0.0"
    assert crashing.project.restarts == 1


def test_nginx_that_docker_brought_back_meanwhile_is_not_restarted(crashing: Stage) -> None:
    (crashing.settings.nginx_directory / "site.d" / "limits.conf").write_text("# well\n")
    came_back: list[bool] = []

    def docker_is_quicker(configuration: str) -> None:
        del configuration
        if not came_back:
            came_back.append(True)
            crashing.nginx.start()
            crashing.project.statuses.clear()

    crashing.nginx.check = docker_is_quicker  # type: ignore[method-assign]
    recover(crashing)

    assert crashing.serves() == "1.0.0"
    assert crashing.project.restarts == 0


def test_the_ports_of_an_nginx_that_docker_is_restarting_are_its_own(crashing: Stage) -> None:
    crashing.nginx.start()  # its ports are taken, and it counts as restarting all the same

    assert project_facts(crashing.project, crashing.proxy).taken == ()
    infra.start(crashing.context, crashing.project.containers.all())


def test_an_nginx_that_is_slow_to_answer_is_waited_for(live: Stage) -> None:
    live.nginx.stop()
    timer = threading.Timer(1.0, live.nginx.start)
    timer.start()

    recover(live)

    timer.join()
    assert live.project.restarts == 0
    assert live.serves() == "1.0.0"


def test_nginx_is_restarted_once_in_a_command(live: Stage) -> None:
    live.nginx.stop()
    live.speed = 100
    live.project.before("restart", lambda: setattr(live.nginx, "start", lambda: None))

    with pytest.raises(FreamError):
        Recovery(live.context).recover()

    assert live.project.restarts == 1


# --- status ---


def first_line(stage: Stage) -> str:
    return lines(status(stage.project, stage.proxy), NOW)[0]


def test_status_says_first_that_nginx_does_not_answer(live: Stage) -> None:
    live.nginx.stop()

    found = status(live.project, live.proxy)

    assert first_line(live).startswith("DOWN  shop: nginx does not answer")
    assert found.fault
    assert found.fault.exit_code == 7
    assert found.live
    assert found.live.healthy, "which it is, and nobody gets there"


def test_status_says_first_that_nginx_has_lost_what_is_live(live: Stage) -> None:
    lose_the_include(live)

    assert first_line(live).startswith("DOWN  shop: nginx does not know")
    assert diagnose(take_snapshot(live.project, live.proxy)) == (Fault.LOST,)


def test_before_the_first_release_status_is_no_failure(stage: Stage) -> None:
    assert status(stage.project, stage.proxy).fault is None


def test_a_live_set_that_answers_badly_is_a_failure_of_status(live: Stage) -> None:
    ill(live, SetName.SET1)

    found = status(live.project, live.proxy)

    assert found.fault
    assert found.fault.exit_code == 6
    assert first_line(live).startswith("DOWN  shop: set1, which is live, is not healthy")


def test_the_include_is_not_believed_before_nginx(live: Stage) -> None:
    other = LiveRelease(SetName.SET2, Version("0.9.0"), "20250101T000000Z-000000")
    live.include.write_text(include.render(other)[include.FILE])

    assert status(live.project, live.proxy).fault is None


@pytest.fixture
def killed_while_it_guarded(live: Stage) -> Stage:
    """1.0.1 was cut over to, fails, and nobody was left to go back: 1.0.0 still runs."""
    live.project.start_by_hand(SetName.SET2, "1.0.1")
    live.proxy.serve(
        LiveRelease(SetName.SET2, Version.parse("1.0.1"), "20260101T000000Z-abcdef"), 5
    )
    live.project.env.update({"COMPOSE_PROFILES": "infra,set2", "SET2_VERSION": "1.0.1"})
    ill(live, SetName.SET2)
    return live


def test_a_release_that_fails_after_its_run_was_killed_is_taken_back(
    killed_while_it_guarded: Stage,
) -> None:
    stage = killed_while_it_guarded

    recover(stage)

    assert stage.serves() == "1.0.0"
    assert set(stage.project.running()) == {"set1"}
    assert "COMPOSE_PROFILES=infra,set1\n" in stage.env


def test_the_next_release_goes_where_the_failing_one_was(killed_while_it_guarded: Stage) -> None:
    stage = killed_while_it_guarded

    stage.switch("1.0.2")

    assert stage.serves() == "1.0.2"
    assert set(stage.project.running()) == {"set2"}
    assert stage.history.entries()[-1].replaced.startswith("1.0.0")
