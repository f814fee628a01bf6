"""A release that none before it can serve after: it says so, and a rollback heeds it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from fream_compose.errors import FreamError, GuardError
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.rollback import NO_WAY_BACK
from fream_compose.operations.status import status
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream

WHY = "the column name is dropped"


@pytest.fixture
def contracted(live: Stage) -> Stage:
    """1.0.1, whose image says that there is no way back, took over from 1.0.0."""
    live.project.labels["1.0.1"] = {NO_WAY_BACK: WHY}
    live.switch("1.0.1")
    live.fresh()
    return live


def test_what_an_image_says_of_the_way_back_is_kept_in_the_history(contracted: Stage) -> None:
    assert [entry.no_way_back for entry in contracted.history.entries()] == ["", WHY]


def test_an_option_says_it_for_an_image_that_does_not(live: Stage, fream: Fream) -> None:
    result = fream("switch", "1.0.1", "--no-way-back", f"{WHY}\n\x1b[2J", "-o", "json")

    told = live.history.entries()[-1].no_way_back
    assert told.startswith(WHY)
    assert told.isprintable()
    assert json.loads(result.stdout)["result"]["no_way_back"] == told


def test_a_rollback_behind_it_is_10_with_the_reason_and_changes_nothing(
    contracted: Stage, fream: Fream
) -> None:
    for command in (["rollback"], ["rollback", "--to", "1.0.0"]):
        result = fream(*command)

        assert result.exit_code == 10
        assert "There is no way back behind 1.0.1" in result.stderr
        assert WHY in result.stderr
        assert "--force" in result.stderr
    assert contracted.serves() == "1.0.1"
    assert len(contracted.history.entries()) == 2


def test_from_such_a_release_a_later_one_is_gone_back_to(contracted: Stage, fream: Fream) -> None:
    contracted.switch("1.0.2")
    assert fream("rollback").exit_code == 0
    assert contracted.serves() == "1.0.1"

    result = fream("rollback", "--to", "1.0.2")

    assert result.exit_code == 0, result.stderr
    assert contracted.serves() == "1.0.2"
    assert fream("rollback", "--to", "1.0.0").exit_code == 10


def test_it_can_be_forced(contracted: Stage, fream: Fream) -> None:
    assert fream("rollback", "--force").exit_code == 0

    assert contracted.serves() == "1.0.0"


def test_a_set_that_is_kept_warm_is_no_other_way(live: Stage, fream: Fream) -> None:
    live.switch("1.0.1", keep_warm=timedelta(minutes=10), no_way_back=WHY)
    live.fresh()

    assert fream("rollback").exit_code == 10
    assert live.serves() == "1.0.1"
    assert fream("rollback", "--force").exit_code == 0
    assert live.serves() == "1.0.0"


def test_a_warm_set_that_serves_again_says_it_once_more(contracted: Stage, fream: Fream) -> None:
    contracted.switch("1.0.2", keep_warm=timedelta(minutes=10))
    contracted.fresh()

    assert fream("rollback").exit_code == 0

    assert contracted.serves() == "1.0.1"
    assert contracted.history.entries()[-1].no_way_back == WHY
    assert fream("rollback").exit_code == 10


def test_the_guard_goes_back_all_the_same(tmp_path: Path) -> None:
    stage = Stage(tmp_path, guard="2s")
    stage.switch("1.0.0")
    stage.fresh()
    stage.watcher.at["Drain"] = lambda: stage.project.apps[SetName.SET2].end(137)

    with pytest.raises(GuardError):
        stage.switch("1.0.1", no_way_back=WHY)

    assert stage.serves() == "1.0.0"
    assert stage.history.entries()[-1].no_way_back == WHY
    stage.project.close()


@pytest.mark.parametrize("action", ["fetch 1.0.1", "containers"])
def test_a_release_of_which_nothing_has_run_yet_says_nothing(live: Stage, action: str) -> None:
    live.project.fail(action, "it was too early")

    with pytest.raises(FreamError):
        live.switch("1.0.1", no_way_back=WHY)

    assert [entry.no_way_back for entry in live.history.entries()] in ([""], ["", ""])


def test_history_and_status_show_it(contracted: Stage, fream: Fream) -> None:
    assert "no way back behind it" in fream("history").stdout
    identifier = contracted.history.entries()[-1].short_id
    assert f"way back  none behind it: {WHY}" in fream("history", "show", identifier).stdout
    assert f"way back There is no way back behind 1.0.1: {WHY}" in fream("status").stdout
    found = json.loads(fream("status", "-o", "json").stdout)["result"]
    assert WHY in found["no_way_back"]


def test_a_history_that_cannot_be_read_hides_no_status(contracted: Stage) -> None:
    path = contracted.settings.state_directory / "history.jsonl"
    path.unlink()
    path.mkdir()

    assert status(contracted.project, contracted.proxy).no_way_back == ""


@pytest.mark.parametrize("reason", ["", WHY])
def test_a_recovery_goes_back_to_a_warm_set_only_where_there_is_a_way(
    live: Stage, reason: str
) -> None:
    live.switch("1.0.1", keep_warm=timedelta(minutes=10), no_way_back=reason)
    live.fresh()
    live.project.apps[SetName.SET2].end(1)

    Recovery(live.context).repair()

    assert live.serves() == ("1.0.1" if reason else "1.0.0")
