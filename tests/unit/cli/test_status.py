"""fream status --watch looks again and again."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace

import pytest

from fream_compose.project import lock
from fream_compose.project.entry import Result
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream
from tests.unit.cli.test_history import BAD, GOOD


def test_a_watch_that_is_no_terminal_is_a_line_for_each_look(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")

    result = fream("status", "--watch", "--interval", "200ms", "--count", "2")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    told = r"\d\d:\d\d:\d\d  WELL  shop: 1\.0\.0 in set1 serves, users get HTTP 200"
    assert all(re.match(told, line) for line in lines)


def test_a_watch_is_one_json_object_for_each_look(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)

    result = fream("status", "-w", "--interval", "200ms", "--count", "2", "-o", "json")

    first, _ = map(json.loads, result.stdout.splitlines())
    assert (first["ok"], first["command"]) == (True, "status")
    assert first["result"]["events"][0]["id"] == GOOD.id
    assert set(first["result"]["traffic"]) == {"set1", "set2"}


def test_ctrl_c_ends_a_watch_with_0(stage: Stage, fream: Fream) -> None:
    stage.project.before("containers", lambda: os.kill(os.getpid(), signal.SIGINT))

    result = fream("status", "--watch")

    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1


def test_a_job_that_is_ended_ends_a_watch_with_143(stage: Stage, fream: Fream) -> None:
    stage.project.before("containers", lambda: os.kill(os.getpid(), signal.SIGTERM))

    assert fream("status", "--watch").exit_code == 143


def test_a_watch_goes_on_while_docker_does_not_answer(stage: Stage, fream: Fream) -> None:
    stage.project.fail("containers", "the daemon restarts")

    result = fream("status", "--watch", "--interval", "200ms", "--count", "2")

    assert result.exit_code == 0
    assert result.stdout.count("the daemon restarts") == 2


def test_an_interval_that_is_none_is_2(fream: Fream) -> None:
    result = fream("status", "--watch", "--interval", "often")

    assert result.exit_code == 2
    assert "--interval is not valid" in result.stderr


def broken(stage: Stage) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.nginx.users_get = (503, {}, "out of order")


def test_the_exit_code_is_that_of_the_level_where_it_is_asked_for(
    stage: Stage, fream: Fream
) -> None:
    assert fream("status", "--exit-code").exit_code == 2
    assert fream("status").exit_code == 0, "nothing was released yet"

    stage.put(SetName.SET1, "1.0.0")
    assert fream("status", "--exit-code").exit_code == 0

    stage.project.statuses["mysql"] = "Exited (1) 2 seconds ago"
    assert fream("status", "--exit-code", "-o", "json").exit_code == 1
    assert fream("status").exit_code == 0

    stage.nginx.users_get = (503, {}, "out of order")
    assert fream("status", "--exit-code").exit_code == 2
    assert fream("status").exit_code == 7


def test_the_verdict_alone_is_said_to_who_wants_little(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")

    assert fream("status", "-q").stdout == "WELL  shop: 1.0.0 in set1 serves, users get HTTP 200\n"


def test_programs_find_the_verdict_beside_all_that_was_there(stage: Stage, fream: Fream) -> None:
    broken(stage)

    told = json.loads(fream("status", "-o", "json").stdout)

    assert told["ok"] is False
    assert told["result"]["verdict"] == {
        "level": "down",
        "what": "1.0.0 in set1 is healthy, and nginx does not bring users to it",
        "users_get": "HTTP 503",
        "fix": "fream logs live",
    }
    assert told["error"]["exit_code"] == 7
    assert told["result"]["live"]["healthy"] is True


def test_metrics_are_told_with_0_whatever_they_say(stage: Stage, fream: Fream) -> None:
    stage.history.add(GOOD)
    broken(stage)

    result = fream("status", "--output", "prometheus")

    assert result.exit_code == 0
    assert 'fream_up{project="shop"} 0.0' in result.stdout.splitlines()
    assert 'fream_last_release_result{project="shop",result="done"} 1.0' in result.stdout
    assert fream("status", "--output", "prometheus", "--exit-code").exit_code == 2


@pytest.mark.parametrize("more", [["--exit-code"], ["--output", "prometheus"]])
def test_a_watch_has_no_exit_code_and_no_metrics(fream: Fream, more: list[str]) -> None:
    result = fream("status", "--watch", *more)

    assert result.exit_code == 2
    assert "--watch goes neither with --exit-code nor with metrics" in result.stderr


def test_the_last_release_on_which_users_fare_worse_is_no_well(stage: Stage, fream: Fream) -> None:
    live = stage.put(SetName.SET1, "1.0.0")
    worse = replace(
        GOOD, id=live.switch, version=str(live.version), set="set1", result=Result.FAILING
    )
    stage.history.add(worse)

    first = fream("status").stdout.splitlines()[0]

    assert first == (
        "DEGRADED  shop: users fare worse on 1.0.0 than before, users get HTTP 200"
        "   fix: fream switch VERSION"
    )


def test_an_app_that_is_closed_says_so_in_the_first_line(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")
    assert fream("maintenance", "on").exit_code == 0

    result = fream("status")

    assert result.exit_code == 0
    assert result.stdout.startswith("DOWN  shop: closed on purpose since ")
    assert "users get HTTP 503 (maintenance)   fix: fream maintenance off" in result.stdout


def test_metrics_tell_of_the_last_release_that_ended_however(stage: Stage, fream: Fream) -> None:
    def results() -> list[str]:
        lines = fream("status", "-o", "prometheus").stdout.splitlines()
        held = [line for line in lines if "_last_release_result{" in line and line.endswith(" 1.0")]
        return [found[1] for line in held if (found := re.search('result="([^"]+)"', line))]

    stage.history.add(replace(GOOD, result=Result.FAILING))
    stage.history.add(replace(BAD, result=Result.RUNNING, released=True, why=""))

    with lock.hold(stage.settings.state_directory, "fream switch 1.0.1"):
        assert results() == ["failing"], "the other one drains"
    assert results() == ["interrupted"], "its process is gone"
