"""fream status --watch looks again and again."""

from __future__ import annotations

import json
import os
import re
import signal

from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream
from tests.unit.cli.test_history import GOOD


def test_a_watch_that_is_no_terminal_is_a_line_for_each_look(stage: Stage, fream: Fream) -> None:
    stage.put(SetName.SET1, "1.0.0")

    result = fream("status", "--watch", "--interval", "200ms", "--count", "2")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert all(re.match(r"\d\d:\d\d:\d\d  1\.0\.0 in set1 serves, healthy", line) for line in lines)


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
