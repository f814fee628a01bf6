"""Files that Compose cannot read stop no look, no maintenance and no verdict."""

from __future__ import annotations

import json
from typing import NoReturn

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.remembered import remember
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream

WHY = "failed to parse app.yaml: yaml: line 3: did not find expected key"


@pytest.fixture
def broken(live: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch) -> Fream:
    """Runs a command after a run that could read the files, which nobody can any more."""
    assert fream("recover").exit_code == 0

    def unreadable(*_: object) -> NoReturn:
        raise ConfigurationError("Compose cannot read the project", WHY)

    monkeypatch.setattr("fream_compose.docker.project.open_project", unreadable)
    monkeypatch.setattr("fream_compose.docker.project.project_of", lambda _: live.project)
    return fream


def test_the_status_shows_everything_and_the_file_that_is_broken(broken: Fream) -> None:
    result = broken("status")

    assert result.exit_code == 3
    assert "live     set1  1.0.0" in result.stdout
    assert "healthy: /products HTTP 200" in result.stdout
    assert f"notice   Compose cannot read the project: {WHY}" in result.stdout
    assert WHY in result.stderr
    told = json.loads(broken("status", "-o", "json").stdout)
    assert told["ok"] is False
    assert told["result"]["live"]["healthy"] is True


def test_that_users_are_not_served_is_graver(broken: Fream, live: Stage) -> None:
    live.project.apps[SetName.SET1].end(1)

    result = broken("status")

    assert result.exit_code == 6
    assert WHY in result.stdout


def test_the_app_can_be_closed_and_opened(broken: Fream, live: Stage) -> None:
    closed = broken("maintenance", "on")
    assert closed.exit_code == 0
    assert f"notice: Compose cannot read the project; {WHY}" in closed.stderr
    assert live.proxy.maintenance()

    assert broken("maintenance", "off").exit_code == 0
    assert not live.proxy.maintenance()


def test_logs_are_printed(broken: Fream, became: list[list[str]]) -> None:
    assert broken("logs", "mysql", "--tail", "5").exit_code == 7  # as what it became
    assert became[-1][-1] == "shop-mysql"


def test_the_history_is_there(broken: Fream) -> None:
    result = broken("history")

    assert result.exit_code == 0
    assert "1.0.0" in result.stdout


@pytest.mark.parametrize("command", [["promote"], ["abort"]])
def test_a_verdict_can_be_given(broken: Fream, command: list[str]) -> None:
    assert broken(*command).exit_code == 2  # as always, where nothing is held


@pytest.mark.parametrize(
    "command", [["switch", "1.0.1"], ["rollback"], ["recover"], ["up"], ["down"], ["prune"]]
)
def test_what_changes_more_is_refused(broken: Fream, live: Stage, command: list[str]) -> None:
    result = broken(*command)

    assert result.exit_code == 3
    assert WHY in result.stderr
    assert live.serves() == "1.0.0"


def test_what_was_remembered_is_not_lost_by_a_run_that_goes_by_it(
    broken: Fream, live: Stage
) -> None:
    note = live.settings.state_directory / "settings.json"
    before = note.read_text()
    remember(live.settings.model_copy(update={"project": "another"}))
    changed = note.read_text()

    broken("maintenance", "on")

    assert before != changed
    assert note.read_text() == changed


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"project": 1}', "[" * 100_000])
def test_without_settings_of_an_earlier_run_it_is_as_before(
    broken: Fream, live: Stage, text: str
) -> None:
    (live.settings.state_directory / "settings.json").write_text(text)

    result = broken("maintenance", "on")

    assert result.exit_code == 3
    assert WHY in result.stderr
    assert not live.proxy.maintenance()
