"""The health of a release's services, each by its own kind: before, at and after the cut-over."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fream_compose import grpc_health
from fream_compose.errors import ConfigurationError, EngineError, GuardError, UnhealthyError
from fream_compose.operations.drift import drift_of
from fream_compose.operations.dry_run import dry_run
from fream_compose.operations.plan import SwitchRequest, decide
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.operations.steps import planned
from fream_compose.project.compose_config import parse
from fream_compose.project.notes import Checked
from fream_compose.release import SetName, Version
from tests.fakes import Behaviour, Stage

OLD, NEW = SetName.SET1, SetName.SET2
QUICK = {"timeout": "1s", "interval": "10ms", "request_timeout": "1s"}


class Ui:
    """A service in each set, at a port that Docker publishes nowhere."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def close(self) -> None:
        """Refuse connections from here on."""
        self._server.close()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Stage, Ui]]:
    """A project with a public ui beside the app; 1.0.0 is live."""
    ui = Ui()
    services = {"ui": {"path": "/ui", "port": ui.port}}
    health = {**QUICK, "timeout": "1500ms"}
    stage = Stage(tmp_path, beside=("ui",), health=health, guard="2s", services=services)
    stage.proxy.put_routes(tested=False)
    stage.nginx.stop()
    stage.nginx.start()
    stage.put(OLD, "1.0.0")
    stage.project.add_worker("set1-ui")
    yield stage, ui
    ui.close()
    stage.project.close()


def put(stage: Stage, **service: Any) -> None:
    """The settings of ui, edited."""
    ui = stage.settings.switch.services["ui"]
    stage.config["x-fream"]["services"] = {"ui": {"path": "/ui", "port": ui.port, **service}}
    told = parse(stage.config, stage.settings.compose_directory)
    stage.settings = stage.project.settings = told


def test_a_public_service_without_health_must_accept_connections(
    made: tuple[Stage, Ui],
) -> None:
    stage, ui = made

    stage.switch("1.0.1")

    assert "Check the health of set2" in stage.watcher.steps
    assert stage.serves() == "1.0.1"

    ui.close()
    stage.fresh()
    with pytest.raises(UnhealthyError) as caught:
        stage.switch("1.0.2")
    assert caught.value.why.startswith("ui: TCP 127.0.0.1:")
    assert "connection refused" in caught.value.why
    assert caught.value.logs == ("log of shop-set1-ui-1",)
    assert "Nothing listens on port" in caught.value.next_step
    assert stage.serves() == "1.0.1"
    assert caught.value.exit_code == 6


def test_a_service_that_dies_before_the_cut_over_stops_it(made: tuple[Stage, Ui]) -> None:
    stage, ui = made
    stage.watcher.at["Test the nginx"] = ui.close

    with pytest.raises(UnhealthyError, match="not healthy"):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"


def test_a_service_that_dies_after_the_cut_over_is_a_reason_to_go_back(
    made: tuple[Stage, Ui],
) -> None:
    stage, ui = made
    # The old set's ui is at an address of its own, where it listens on.
    with socket.create_server(("127.0.0.2", ui.port)):
        stage.project.workers["set1-ui"].address = "127.0.0.2"
        stage.watcher.at["Drain"] = ui.close

        with pytest.raises(GuardError) as caught:
            stage.switch("1.0.1")

    assert "Its health check: ui: connection refused" in caught.value.why
    assert caught.value.logs == ("log of shop-set2-ui-1",)
    assert stage.serves() == "1.0.0"


def test_an_engine_that_does_not_answer_is_no_fault_of_a_release(
    made: tuple[Stage, Ui], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _ = made
    put(stage, health={"by": "docker", **QUICK})
    start = stage.project.start_worker

    def start_well(service: str) -> None:
        start(service)
        stage.project.workers[service].health = "healthy"

    monkeypatch.setattr(stage.project, "start_worker", start_well)
    members = stage.project.members

    def silent(*_: object) -> Any:
        raise EngineError("Docker did not answer")

    def fall_silent() -> None:
        for call in ("members", "condition"):
            monkeypatch.setattr(stage.project, call, silent)
        threading.Timer(1.2, lambda: monkeypatch.setattr(stage.project, "members", members)).start()

    condition = stage.project.condition
    stage.watcher.at["Guard"] = fall_silent
    threading.Timer(4, lambda: monkeypatch.setattr(stage.project, "condition", condition)).start()

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"


def test_a_live_set_is_as_well_as_all_its_services(made: tuple[Stage, Ui]) -> None:
    stage, ui = made
    stage.switch("1.0.1")
    assert take_snapshot(stage.project, stage.proxy).healthy == {NEW}

    ui.close()

    seen = take_snapshot(stage.project, stage.proxy)
    assert seen.healthy == frozenset()
    assert "; ui: tcp on port" in seen.health[NEW].summary
    assert "connection refused" in seen.health[NEW].summary


def test_a_check_that_is_new_counts_from_the_next_release_on(made: tuple[Stage, Ui]) -> None:
    stage, _ = made
    stage.switch("1.0.1")
    put(stage, health={"path": "/healthz", "request_timeout": "300ms"})

    seen = take_snapshot(stage.project, stage.proxy)

    assert seen.healthy == {NEW}
    (found,) = [d for d in drift_of(stage.project, stage.proxy, seen) if "health" in d.what]
    assert found.what == "health check of ui"
    assert found.wanted.startswith("/healthz on port ")
    assert found.takes_effect == "the next fream switch"


@pytest.mark.parametrize("checks", ["", "no JSON", "[]", '{"app": 5}', '{"app": {"by": "smoke"}}'])
def test_a_note_that_says_no_check_is_as_one_of_an_earlier_fream(live: Stage, checks: str) -> None:
    version = str(next(iter(live.project.apps.values())).version)
    (live.settings.state_directory / f"checked.{OLD}.json").unlink()
    live.settings.state.notes.check(Checked(OLD, version, "/earlier", checks))

    found = take_snapshot(live.project, live.proxy)

    assert found.healthy == {OLD}
    told = found.health[OLD].summary
    assert told.startswith("/earlier HTTP 200" if checks in ("", "no JSON") else "/")


def test_a_release_by_dockers_own_check_without_one_is_refused_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, health={**QUICK, "by": "docker", "timeout": "60s"})
    try:
        with pytest.raises(UnhealthyError) as caught:
            stage.switch("1.0.1")
    finally:
        stage.project.close()

    assert caught.value.what == "The health of the new release cannot be known"
    assert "HEALTHCHECK" in caught.value.next_step


def test_a_release_by_dockers_own_check_waits_for_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path, health={**QUICK, "by": "docker"})
    stage.project.behaviours["1.0.1"] = Behaviour(health="healthy")
    stage.switch("1.0.1")
    assert stage.serves() == "1.0.1"

    stage.fresh()
    stage.project.behaviours["1.0.2"] = Behaviour(health="unhealthy")
    with pytest.raises(UnhealthyError, match="within 1 s") as caught:
        stage.switch("1.0.2")
    stage.project.close()

    assert caught.value.why == "Docker's health check of set2: it says unhealthy"


def test_a_check_that_is_turned_off_is_found_before_anything_changes(live: Stage) -> None:
    live.config["x-fream"]["health"] = {"by": "docker"}
    for off in ({"disable": True}, {"test": ["NONE"]}):
        live.config["services"]["set2"]["healthcheck"] = off
        with pytest.raises(ConfigurationError, match="do not fit") as caught:
            parse(live.config, live.settings.compose_directory)
        assert "set2 has its healthcheck turned off" in caught.value.why


def test_without_the_library_of_grpc_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_health, "installed", lambda: False)
    stage = Stage(tmp_path, health={"by": "grpc"})
    try:
        with pytest.raises(ConfigurationError, match="grpcio is not installed") as caught:
            stage.switch("1.0.1")
        wish = SwitchRequest(Version.parse("1.0.1"))
        found = dry_run(stage.project, stage.proxy, wish)
    finally:
        stage.project.close()

    assert caught.value.exit_code == 3
    assert caught.value.next_step == "pip install 'fream-compose[grpc]'"
    assert stage.project.apps == {}
    assert "grpcio" in found.obstacles[0].what


def test_the_plan_says_how_each_service_is_found_good(made: tuple[Stage, Ui]) -> None:
    stage, _ = made
    plan = decide(take_snapshot(stage.project, stage.proxy))
    wish = SwitchRequest(Version.parse("1.0.1"))

    causes = {str(step.id): step.cause for step in planned(plan, wish, stage.settings)}

    port = stage.settings.switch.services["ui"].port
    assert causes["health"] == f"/products on its own port, ui: tcp on port {port}"


# --- through nginx ---


@pytest.mark.parametrize("by", ["tcp", "command"])
def test_an_app_that_is_not_asked_over_http_must_be_reached_by_nginx(
    tmp_path: Path, by: str
) -> None:
    command = {"command": ["true"]} if by == "command" else {}
    stage = Stage(tmp_path, health={**QUICK, "by": by, **command})
    # Whatever it answers there: its health is none of that answer.
    stage.project.behaviours["1.0.1"] = Behaviour(status=404)
    try:
        stage.switch("1.0.1")
        assert stage.serves() == "1.0.1"
    finally:
        stage.project.close()
