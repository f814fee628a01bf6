"""fream up and fream switch say what is set and not in force, and where nginx really is."""

from __future__ import annotations

import json
import time

import pytest

from fream_compose.errors import EngineError
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream


def edit(stage: Stage, name: str, text: str = "# a remark\n") -> None:
    """Edit a file of nginx's, after it was read."""
    time.sleep(0.02)
    (stage.settings.nginx_directory / name).write_text(text)


def test_up_announces_the_ports_that_nginx_has_and_not_those_that_are_set(
    live: Stage, fream: Fream
) -> None:
    reached = ((80, "0.0.0.0", 8000), (80, "::", 8000), (8090, "127.0.0.1", live.nginx.published))  # noqa: S104
    live.project.made_with["nginx"] = {
        "reached": (*reached, (443, "0.0.0.0", 8443)),  # noqa: S104
        "published": frozenset({":8000:80", f"127.0.0.1:{live.nginx.published}:8090"}),
    }

    result = fream("up", "infra")

    assert "Ready at http://127.0.0.1:8000; live: 1.0.0" in result.stdout
    assert "warning: not in force: ports of nginx: " in result.stdout
    assert "fream up infra --recreate" in result.stdout
    told = json.loads(fream("up", "-o", "json").stdout)["result"]
    assert told["urls"] == ["http://127.0.0.1:8000"]
    assert [each["what"] for each in told["drift"]] == ["ports of nginx"]


def test_up_tells_an_edited_file_and_what_nginx_refuses_of_it(live: Stage, fream: Fream) -> None:
    edit(live, "site.d/limits.conf")

    assert "site.d/limits.conf: the file before the change now" in fream("up", "infra").stdout
    assert "fream reload" in fream("up", "infra").stdout

    edit(live, "site.d/limits.conf", "broken on;")
    refused = fream("up", "infra")

    assert refused.exit_code == 0
    assert "unknown directive" in refused.stdout
    assert "nginx/site.d/limits.conf:1" in refused.stdout


def test_what_recreate_would_change_is_told_whatever_it_is(live: Stage, fream: Fream) -> None:
    live.project.made_with["mysql"] = {"fingerprint": "as it was"}
    live.project.made_with["nginx"] = {"fingerprint": "", "reached": (())}

    text = fream("up", "infra").stdout

    assert "settings of mysql: as its container was made now; something else is set" in text
    assert "settings of nginx" not in text  # Compose did not make it: nothing is known


def test_a_difference_that_has_a_name_is_told_once(live: Stage, fream: Fream) -> None:
    live.project.made_with["mysql"] = {"fingerprint": "as it was", "reference": "mysql:8.0"}

    text = fream("up", "infra").stdout

    assert "image of mysql: mysql:8.0 now" in text
    assert "settings of mysql" not in text


@pytest.mark.usefixtures("live")
def test_a_project_in_order_has_nothing_to_tell(fream: Fream) -> None:
    assert "not in force" not in fream("up").stdout
    assert "Not in force" not in fream("switch", "1.0.1").stdout


def test_a_release_notes_what_it_did_not_put_in_force(live: Stage, fream: Fream) -> None:
    edit(live, "site.d/limits.conf")

    result = fream("switch", "1.0.1")

    assert result.exit_code == 0
    assert "Not in force: nginx/site.d/limits.conf" in result.stdout


def test_no_release_fails_for_what_cannot_be_looked_at(
    live: Stage, fream: Fream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("Docker does not answer")

    monkeypatch.setattr("fream_compose.operations.drift.drift_of", fail)

    assert fream("switch", "1.0.1").exit_code == 0
    assert live.nginx.live
    assert live.nginx.live.set is SetName.SET2
