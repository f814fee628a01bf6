"""A switch that fails before the cut-over: the live release never stopped, all is undone."""

from __future__ import annotations

import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from fream_compose.errors import (
    ConfigurationError,
    EngineError,
    FreamError,
    ProxyError,
    UncertainError,
    UnhealthyError,
)
from fream_compose.plan import Wish
from fream_compose.proxy import render_include
from fream_compose.release import Live, SetName, Version
from fream_compose.state import Notes
from fream_compose.switch import Switch
from tests.fakes import Behaviour, Stage


class Before:
    """What a user could see before the switch, to be found again after it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seen = self._look()

    def _look(self) -> tuple[object, ...]:
        stage = self._stage
        include = stage.include.read_text() if stage.include.exists() else None
        return (stage.serves(), stage.nginx.live, stage.project.running(), stage.env, include)

    def is_back(self) -> bool:
        assert self._look() == self._seen
        return True


def fails(stage: Stage, kind: type[FreamError], version: str = "1.0.1") -> FreamError:
    with pytest.raises(kind) as caught:
        stage.switch(version)
    return caught.value


def test_an_unhealthy_release_leaves_the_live_set_serving(live: Stage) -> None:
    before = Before(live)
    live.project.behaviours["1.0.1"] = Behaviour(
        status=500, body="no database", logs=("app: started", "app: cannot connect")
    )

    error = fails(live, UnhealthyError)

    assert before.is_back()
    assert error.exit_code == 6
    assert "HTTP 500: no database" in error.why
    assert error.logs == ("app: started", "app: cannot connect")
    assert error.serving.startswith("1.0.0 (")
    assert error.next_step


def test_a_redirect_is_not_healthy_and_the_failure_says_where_it_leads(live: Stage) -> None:
    before = Before(live)
    live.project.behaviours["1.0.1"] = Behaviour(status=302, body="", location="/login")

    error = fails(live, UnhealthyError)

    assert before.is_back()
    assert "HTTP 302 to /login" in error.why


def test_a_release_that_crashes_as_it_starts_fails_long_before_the_deadline(tmp_path: Path) -> None:
    stage = Stage(tmp_path, health={"timeout": "60s", "interval": "10ms"})
    stage.switch("1.0.0")
    stage.speed = 10
    before = Before(stage)
    stage.project.behaviours["1.0.1"] = Behaviour(exits=3, logs=("Exception in main",))

    error = fails(stage, UnhealthyError)

    assert before.is_back()
    assert "exit code 3" in error.why
    assert error.logs == ("Exception in main",)
    stage.project.close()


def test_a_first_release_that_is_unhealthy_leaves_nothing(stage: Stage) -> None:
    before = Before(stage)
    stage.project.behaviours["1.0.0"] = Behaviour(status=404)

    error = fails(stage, UnhealthyError, "1.0.0")

    assert before.is_back()
    assert error.serving == "Nothing was live before, and nothing is now"


def test_a_release_that_nginx_cannot_reach_is_not_cut_over_to(live: Stage) -> None:
    before = Before(live)

    def lose() -> None:
        app = live.project.apps[SetName.SET2]
        app.behaviour = replace(app.behaviour, status=502)
        live.speed = 100  # nobody waits for the ten seconds that nginx may take

    live.watcher.at["Check set2 through nginx"] = lose

    error = fails(live, UnhealthyError)

    assert before.is_back()
    assert error.exit_code == 6
    assert "from set2 through nginx" in error.why


def test_an_image_that_cannot_be_pulled_changes_nothing(live: Stage) -> None:
    before = Before(live)

    error = fails(live, EngineError, "9.9.9")

    assert before.is_back()
    assert error.exit_code == 5
    assert "manifest unknown" in error.why
    assert "Start set2" not in live.watcher.steps


def test_a_container_that_cannot_start_is_undone(live: Stage) -> None:
    before = Before(live)
    live.project.behaviours["1.0.1"] = Behaviour(start_error="no space left on device")

    error = fails(live, EngineError)

    assert before.is_back()
    assert error.exit_code == 5
    assert "no space left on device" in error.why


def test_a_port_that_another_process_holds_is_told_before_anything_changes(live: Stage) -> None:
    before = Before(live)
    with socket.create_server(("127.0.0.1", live.settings.sets["set2"].port)):  # type: ignore[index]
        error = fails(live, ConfigurationError)

    assert before.is_back()
    assert "SET2_PORT" in error.next_step


def test_a_configuration_that_nginx_refuses_leaves_the_include_untouched(live: Stage) -> None:
    before = Before(live)
    (live.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")
    inode = live.include.stat().st_ino

    error = fails(live, ProxyError)

    assert before.is_back()
    assert live.include.stat().st_ino == inode
    assert error.exit_code == 7
    assert 'unknown directive "broken" in /etc/nginx/site.d/limits.conf:1' in error.why
    assert not list(live.settings.nginx_directory.glob(".*"))


def test_nginx_is_asked_about_its_files_as_they_will_be(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, check = live.settings.nginx_directory, live.nginx.check
    seen: list[str] = []

    def look(configuration: str) -> None:
        folder = inside / Path(configuration).parent.relative_to("/etc/nginx")
        seen.append((folder / live.include.name).read_text())
        check(configuration)

    monkeypatch.setattr(live.nginx, "check", look)

    live.switch("1.0.1")

    assert seen
    assert all("1.0.1" in text for text in seen)
    assert live.include.read_text() == seen[0]


def test_a_reload_that_is_never_confirmed_brings_the_old_include_back(live: Stage) -> None:
    before = Before(live)
    live.watcher.at["Cut over"] = lambda: setattr(live.nginx, "refuses_reloads", True)

    error = fails(live, ProxyError)

    assert before.is_back()
    assert error.exit_code == 7
    assert error.serving.endswith("in set1 serves as before")


def test_a_first_reload_that_is_never_confirmed_leaves_no_include(stage: Stage) -> None:
    before = Before(stage)
    stage.watcher.at["Cut over"] = lambda: setattr(stage.nginx, "refuses_reloads", True)

    fails(stage, ProxyError, "1.0.0")

    assert before.is_back()


def test_old_workers_that_keep_accepting_do_not_count_as_a_cut_over(live: Stage) -> None:
    def accept_for_ever() -> None:
        live.nginx.lingers, live.nginx.keeps_accepting = 60, True

    live.watcher.at["Cut over"] = accept_for_ever

    error = fails(live, ProxyError)

    assert "did not take its new configuration" in error.what
    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set1"}


def test_an_answer_of_another_switch_confirms_nothing(live: Stage) -> None:
    """The same set and version, but not what this run asked nginx for."""
    before = Before(live)
    other = Live(SetName.SET2, Version("1.0.1", f"sha256:{1:064x}"), "20260101T000000Z-ffffff")

    def edit_once() -> None:
        live.project.script.pop("signal HUP")
        live.include.write_text(render_include(other))

    live.watcher.at["Cut over"] = lambda: live.project.before("signal HUP", edit_once)

    fails(live, ProxyError)

    assert before.is_back()


def test_nginx_without_a_worker_confirms_nothing(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before(live)
    monkeypatch.setattr(live.nginx, "processes", lambda: {99: "nginx: master process"})

    fails(live, ProxyError)

    assert before.is_back()


def test_a_reload_that_cannot_be_asked_for_is_undone(live: Stage) -> None:
    before = Before(live)

    def refuse_once() -> None:
        live.project.script.pop("signal HUP")
        raise EngineError("shop-nginx could not be signalled", "the engine hung")

    live.watcher.at["Cut over"] = lambda: live.project.before("signal HUP", refuse_once)

    error = fails(live, EngineError)

    assert before.is_back()
    assert error.exit_code == 5


def test_an_undo_that_fails_says_what_to_type(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=500)
    live.project.fail("remove set2", "the engine hung")

    error = fails(live, UncertainError)

    assert live.serves() == "1.0.0"
    assert error.exit_code == 9
    assert "Remove set2" in error.what
    assert "the engine hung" in error.why
    assert "fream recover" in error.next_step


def test_a_cut_over_that_cannot_be_taken_back_is_uncertain_and_keeps_both_sets(
    live: Stage,
) -> None:
    live.watcher.at["Cut over"] = lambda: live.project.fail("signal HUP", "the engine hung")

    error = fails(live, UncertainError)

    assert error.exit_code == 9
    assert set(live.project.running()) == {"set1", "set2"}
    assert "fream recover" in error.next_step
    assert "fream recover" in error.next_step


def test_nginx_that_answers_nonsense_but_serves_is_not_restarted(live: Stage) -> None:
    """Its users are served; a restart would cut every one of them off."""
    running = live.project.running()
    live.nginx.babbles = True

    error = fails(live, ProxyError)

    assert error.exit_code == 7
    assert live.project.restarts == 0
    assert live.project.running() == running


def test_nginx_that_cannot_be_started_leaves_the_sets_alone(live: Stage) -> None:
    running = live.project.running()
    live.nginx.stop()
    live.project.infra.discard("nginx")
    live.project.fail("up mysql nginx", "no space left on device")

    error = fails(live, EngineError)

    assert error.exit_code == 5
    assert live.project.running() == running


def test_an_engine_that_does_not_answer_changes_nothing(live: Stage) -> None:
    before = Before(live)
    live.project.fail("containers", "Cannot connect to the Docker daemon")

    error = fails(live, EngineError)

    assert before.is_back()
    assert "Cannot connect" in error.why


def test_an_env_that_cannot_be_read_changes_nothing(live: Stage) -> None:
    running = live.project.running()
    live.env_path.unlink()

    error = fails(live, ConfigurationError)

    assert error.exit_code == 3
    assert live.serves() == "1.0.0"
    assert live.project.running() == running


def test_nginx_files_that_cannot_be_copied_change_nothing(live: Stage) -> None:
    before = Before(live)
    (live.settings.nginx_directory / "http.d" / "tls.conf").symlink_to("/nowhere/tls.conf")

    error = fails(live, ProxyError)

    assert before.is_back()
    assert error.exit_code == 7


def test_a_failed_release_is_in_the_history_with_its_reason(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=500, body="no database")

    fails(live, UnhealthyError)

    last = live.history.entries()[-1]
    assert last.result == "UnhealthyError"
    assert "no database" in last.why


def test_a_failure_is_still_the_failure_when_the_history_cannot_be_written(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=500)
    shutil.rmtree(live.settings.state_directory)
    live.settings.state_directory.write_text("a file where the folder should be")

    fails(live, UnhealthyError)

    assert live.serves() == "1.0.0"


def test_a_release_that_dies_while_it_is_held_is_not_cut_over_to(live: Stage) -> None:
    """Held for an hour, then promoted: what was healthy then need not be so now."""
    notes = Notes(live.settings.state_directory)

    def die_then_promote() -> None:
        live.project.apps[SetName.SET2].end(1)
        held = notes.held()
        assert held
        live.speed = 10
        notes.decide(held.switch, "promote")

    live.watcher.at["Hold"] = die_then_promote
    wish = Wish(Version.parse("1.0.1"), hold=True)

    with pytest.raises(UnhealthyError):
        Switch(
            live.project, live.proxy, live.history, live.watcher, live.interruption, live.clock
        ).run(wish)

    assert live.serves() == "1.0.0"
