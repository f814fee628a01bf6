"""What `fream status` tells."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from fream_compose.cli.views.status import lines
from fream_compose.operations.diagnosis import Fault
from fream_compose.operations.overall import Level
from fream_compose.operations.status import status
from fream_compose.project import lock
from fream_compose.project.notes import Notes, Warm
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage

NOW = datetime(2026, 1, 1, 2, 3, 4, tzinfo=UTC)


def told(stage: Stage, now: datetime = NOW) -> str:
    return "\n".join(lines(status(stage.project, stage.proxy), now))


def test_before_the_first_release_nothing_is_live(stage: Stage) -> None:
    assert "live     nothing" in told(stage)
    assert "infra    nginx 1.30.0" in told(stage)
    assert "notice" not in told(stage)


def test_the_live_release_is_told_with_its_age_and_health(stage: Stage) -> None:
    stage.put(SetName.SET1, "1.0.0")

    text = told(stage)

    assert "live     set1  1.0.0  healthy: /products HTTP 200 in " in text
    assert "since 2026-01-01 00:00:00 (2 h 3 min ago)" in text
    assert "idle     set2  empty" in text
    assert "(40 d 2 h ago)" in told(stage, NOW + timedelta(days=40))
    assert text.endswith("at       2026-01-01 02:03:04 UTC")


def test_a_live_release_that_fails_is_told_with_what_it_answers(stage: Stage) -> None:
    stage.project.behaviours["1.0.0"] = Behaviour(status=500, body="no database")
    stage.put(SetName.SET1, "1.0.0")

    assert "NOT HEALTHY: /products HTTP 500: no database" in told(stage)


def test_a_pattern_that_takes_for_ever_does_not_hold_up_a_look(stage: Stage) -> None:
    stage.project.behaviours["1.0.0"] = Behaviour(body="a" * 65_000 + "b")
    stage.put(SetName.SET1, "1.0.0")
    health = stage.project.settings.switch.health.model_copy(update={"body": "(a+)+$"})
    switch = stage.project.settings.switch.model_copy(update={"health": health})
    stage.project.settings = stage.project.settings.model_copy(update={"switch": switch})

    assert "the pattern '(a+)+$' took longer than 1 s" in told(stage)


def test_a_live_release_that_is_gone_is_told_with_the_command_that_mends_it(stage: Stage) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.compose.remove(SetName.SET1)

    assert f"notice   {Fault.LIVE_SET.value}; type: fream recover" in told(stage)


def test_what_runs_in_the_idle_set_is_told(stage: Stage) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.start_by_hand(SetName.SET2, "0.9.0")

    assert "idle     set2  Up 2 minutes  127.0.0.1:5000/fream:0.9.0" in told(stage)
    assert Fault.IDLE_SET.value in told(stage)


def test_nginx_that_is_silent_is_told_and_the_rest_is_still_shown(live: Stage) -> None:
    live.nginx.stop()

    text = told(live)

    assert "no answer: connection refused" in text
    assert "fream recover" in text
    assert "mysql" in text


def test_looking_changes_nothing(live: Stage) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    env, running = live.env, live.project.running()

    told(live)

    assert (live.env, live.project.running(), live.serves()) == (env, running, "1.0.0")


def test_a_set_that_is_kept_warm_says_until_when(stage: Stage) -> None:
    stage.put(SetName.SET1, "1.0.1")
    stage.project.start_by_hand(SetName.SET2, "1.0.0")
    state = stage.settings.state_directory
    state.mkdir()
    Notes(state).keep_warm(Warm(SetName.SET2, "1.0.0", "2999-01-01T00:00:00+00:00"))

    assert re.search(r"idle +set2  Up .* kept warm until (2999-01-01|2998-12-31) ", told(stage))


def test_a_run_at_work_is_told_in_place_of_the_disorder_it_makes(stage: Stage) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.start_by_hand(SetName.SET2, "1.0.1")

    with lock.hold(stage.settings.state_directory, "fream switch"):
        found = status(stage.project, stage.proxy)
        assert found.notices == ()
        assert found.to_json()["notices"] == ["another run is at work"]
        assert found.verdict.level is Level.WELL
    assert "interrupted" in told(stage)


def test_a_switch_that_is_held_is_told_with_what_to_type(stage: Stage) -> None:
    state = stage.settings.state_directory
    with lock.hold(state, "fream switch --hold"):
        Notes(state).hold("id", "1.0.1", SetName.SET2)
        assert "run      1.0.1 in set2 is held since " in told(stage)
        assert "fream promote, or fream abort" in told(stage)
