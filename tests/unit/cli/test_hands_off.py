"""Commands keep their hands off what is another folder's, or on another server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from fream_compose.cli.app import app
from fream_compose.errors import ConfigurationError
from fream_compose.operations import infra
from fream_compose.project.notes import Warm
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Stage
from tests.fakes.commands import Fream
from tests.unit.doctor.facts import WELL

OTHER = Path("/srv/other/compose")
CHANGING = (
    ("switch", "--version", "1.0.1"),
    ("switch", "--version", "1.0.1", "--dry-run"),
    ("rollback",),
    ("promote",),
    ("abort",),
    ("recover",),
    ("recover", "--after", "1ms"),
    ("up",),
    ("up", "infra"),
    ("down",),
    ("down", "--yes"),
    ("down", "--volumes", "--yes"),
    ("down", "--volumes", "--project", "shop"),
    ("maintenance", "on"),
    ("maintenance", "off"),
    ("reload",),
    ("certificates", "renew"),
    ("prune",),
    ("exec", "live", "--", "true"),
)
pytestmark = pytest.mark.usefixtures("live")
READING = {"status", "history", "config", "logs", "doctor", "completion", "plugin", "init"}


@pytest.fixture
def foreign(live: Stage) -> Stage:
    """All that runs was made in another folder."""
    live.project.made_in = dict.fromkeys(["mysql", "nginx", "set1"], OTHER)
    return live


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there to ask."""
    monkeypatch.setattr("fream_compose.cli.prompts.at_terminal", lambda: True)
    monkeypatch.setattr("fream_compose.cli.down.at_terminal", lambda: True)


def picture(stage: Stage) -> object:
    containers = stage.project.containers.all()
    files = sorted(stage.settings.nginx_directory.rglob("*"))
    return containers, stage.env, stage.serves(), stage.include.read_text(), files


def test_every_command_is_sorted() -> None:
    names = set(vars(typer.main.get_command(app()))["commands"])

    assert names - {command[0] for command in CHANGING} - READING == {"adopt"}


@pytest.mark.parametrize("arguments", CHANGING, ids=" ".join)
def test_what_is_another_folders_is_not_touched(
    foreign: Stage, fream: Fream, arguments: tuple[str, ...]
) -> None:
    before = picture(foreign)

    result = fream(*arguments)

    assert result.exit_code == 3
    assert str(OTHER) in result.stderr
    assert "fream adopt" in result.stderr
    assert picture(foreign) == before
    assert not foreign.project.volumes_removed


@pytest.mark.parametrize("arguments", [*CHANGING, ("adopt",)], ids=" ".join)
def test_what_is_on_another_server_is_not_touched(
    live: Stage, fream: Fream, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(live)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")

    result = fream(*arguments)

    assert result.exit_code == 3
    assert "tcp://127.0.0.1:2375" in result.stderr
    assert "unset DOCKER_HOST" in result.stderr
    assert picture(live) == before


def test_nothing_is_removed_before_it_is_clear_whose_it_is(
    foreign: Stage, fream: Fream, tmp_path: Path
) -> None:
    """A copy of a project's folder has its notes, too: of a set that is kept warm, for one."""
    other = tmp_path / "other" / "compose"
    other.mkdir(parents=True)
    (other / "compose.yaml").touch()
    foreign.project.start_by_hand(SetName.SET2, "0.9.0")
    foreign.project.made_in = dict.fromkeys(["mysql", "nginx", *SetName], other)
    long_ago = "2020-01-01T00:00:00+00:00"
    foreign.settings.state.notes.keep_warm(Warm(SetName.SET2, "0.9.0", long_ago))
    before = picture(foreign)

    result = fream("adopt")

    assert result.exit_code == 3
    assert f"fream adopt --from {other}" in result.stderr
    assert picture(foreign) == before


@pytest.mark.usefixtures("foreign")
def test_status_calls_nothing_live_that_is_anothers(fream: Fream) -> None:
    result = fream("status")

    assert result.exit_code == 0
    first, *rest = result.stdout.splitlines()
    assert first.startswith("DEGRADED  shop: The containers of project shop belong to")
    assert str(OTHER) in first
    assert "1.0.0" not in first
    assert "live     not known" in rest
    assert any(line.startswith("service  set1 ") for line in rest)
    assert "fream recover" not in result.stdout
    found = json.loads(fream("status", "-o", "json").stdout)["result"]
    assert (found["live"], found["idle"]) == (None, "")
    assert str(OTHER) in found["foreign"]


@pytest.mark.usefixtures("foreign")
def test_a_watch_says_whose_it_is(fream: Fream) -> None:
    result = fream("status", "--watch", "--count", "1", "--interval", "200ms")

    assert str(OTHER) in result.stdout
    assert "serves" not in result.stdout


def test_status_of_what_is_ours_says_nothing_of_it(live: Stage, fream: Fream) -> None:
    assert json.loads(fream("status", "-o", "json").stdout)["result"]["foreign"] == ""
    assert live.serves() == "1.0.0"


def test_reading_goes_on_with_a_notice(foreign: Stage, fream: Fream) -> None:
    result = fream("maintenance", "status", "-o", "json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["ok"]
    assert str(OTHER) in result.stderr
    assert foreign.serves() == "1.0.0"


def test_doctor_says_whose_it_is_and_nothing_more(
    foreign: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.doctor.examination.server_facts", lambda: WELL)
    result = fream("doctor", "-o", "json")

    findings = json.loads(result.stdout)["result"]["findings"]
    owner = next(finding for finding in findings if finding["check"] == "owner")
    assert result.exit_code == 3
    assert str(OTHER) in owner["text"]
    assert not {"drift", "names"} & {finding["check"] for finding in findings}
    assert foreign.serves() == "1.0.0"


def test_nginx_of_another_project_on_our_port_is_not_ours(live: Stage, fream: Fream) -> None:
    # It answers on the control port of our settings, and no nginx of this project runs.
    live.project.infra.clear()
    live.include.unlink()
    live.nginx._live = LiveRelease(SetName.SET2, Version("9.9"), "20260101T000000Z-000000")

    result = fream("status", "-o", "json")

    assert result.exit_code == 7
    assert json.loads(result.stdout)["result"]["live"]["version"] == "1.0.0"


# --- down ---


@pytest.mark.usefixtures("terminal")
def test_down_asks_at_a_terminal_while_something_is_live(live: Stage, fream: Fream) -> None:
    result = fream("down", input="n\n")

    assert result.exit_code == 2
    assert "shop-app-set1" in result.stderr
    assert live.serves() == "1.0.0"

    assert fream("down", input="y\n").exit_code == 0
    assert live.serves() == ""


@pytest.mark.usefixtures("terminal")
def test_down_does_not_ask_for_what_no_user_would_miss(live: Stage, fream: Fream) -> None:
    live.project.compose.remove(SetName.SET1)

    assert fream("down").exit_code == 0


@pytest.mark.parametrize("there", [True, False])
def test_down_with_yes_or_in_a_script_does_not_ask(
    live: Stage, fream: Fream, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.cli.down.at_terminal", lambda: there)

    assert fream("down", *(["--yes"] if there else [])).exit_code == 0
    assert live.serves() == ""


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        (["--yes"], None, 2),
        ([], None, 2),
        (["--project", "other"], None, 2),
        (["--yes", "--project", "other"], None, 2),
        (["--project", "shop"], None, 0),
        (["--yes", "--project", "shop"], None, 0),
        ([], "shop\n", 0),
        ([], "other\n", 2),
        ([], "y\n", 2),
        (["--yes"], "shop\n", 0),
        (["--yes"], "yes\n", 2),
    ],
)
def test_data_without_containers_goes_only_by_name(
    live: Stage,
    fream: Fream,
    arguments: list[str],
    typed: str | None,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fream("down")
    monkeypatch.setattr("fream_compose.cli.prompts.at_terminal", lambda: typed is not None)

    result = fream("down", "--volumes", *arguments, input=typed)

    assert result.exit_code == code, result.stderr
    assert live.project.volumes_removed is (code == 0)


def test_another_projects_name_is_refused_with_containers_too(live: Stage, fream: Fream) -> None:
    assert fream("down", "--volumes", "--yes", "--project", "other").exit_code == 2
    assert live.serves() == "1.0.0"


# --- passwords ---

DENIED = "ERROR 1045 (28000): Access denied for user 'fream'@'172.19.0.5' (using password: YES)"
WARNING = "mysql: [Warning] a warning\n"


def up(stage: Stage) -> None:
    infra.up(stage.context, ("infra",))


@pytest.mark.parametrize("code", [1044, 1045, 1049, 1698])
def test_up_says_that_mysql_does_not_let_the_app_in(live: Stage, code: int) -> None:
    live.project.one_offs["mysql"] = f"{WARNING}{DENIED.replace('1045', str(code))}\n"

    with pytest.raises(ConfigurationError) as caught:
        up(live)

    assert caught.value.exit_code == 3
    assert str(code) in caught.value.why
    assert "MYSQL_PASSWORD" in caught.value.next_step
    assert live.serves() == "1.0.0"


@pytest.mark.parametrize(
    ("told", "root", "warnings"),
    [
        ("", "", 0),
        ("", DENIED, 1),
        ("ERROR 2005 (HY000): Unknown MySQL server host 'x'\n", "", 0),
    ],
)
def test_up_goes_on_where_the_app_is_let_in(
    live: Stage, told: str, root: str, warnings: int
) -> None:
    live.project.one_offs["mysql"] = told
    live.project.inside["shop-mysql"] = root

    up(live)

    assert len(live.watcher.warnings) == warnings


def test_mysql_that_cannot_be_asked_is_no_failure(live: Stage) -> None:
    live.project.fail("one-off mysql sh", "executable file not found")

    up(live)

    assert live.watcher.warnings == []


def test_a_health_check_that_is_not_let_in_ends_the_wait(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.operations.passwords._LOOK_SECONDS", 0.0)
    live.project.health_checks["shop-mysql"] = f"{WARNING}{DENIED}\n"

    with pytest.raises(ConfigurationError, match="does not accept"):
        up(live)
