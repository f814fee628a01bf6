"""A switch that fails before the cut-over: the live release never stopped, all is undone."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from fream_compose.errors import (
    ConfigurationError,
    EngineError,
    FreamError,
    ProxyError,
    UncertainError,
    UnexpectedError,
    UnhealthyError,
)
from fream_compose.nginx import include
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.switch import Switch
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Behaviour, Stage


class Before:
    """What a user could see before the switch, to be found again after it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seen = self._look()

    def _look(self) -> tuple[object, ...]:
        stage = self._stage
        named = include.read(stage.settings.nginx_directory)
        return (stage.serves(), stage.nginx.live, stage.project.running(), stage.env, named)

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
    assert not list(live.settings.nginx_directory.glob(".candidate"))


def test_nginx_is_asked_about_its_files_as_they_will_be(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, check = live.settings.nginx_directory, live.nginx.check
    seen: list[str] = []

    def look(configuration: str) -> None:
        folder = inside / Path(configuration).parent.relative_to("/etc/nginx")
        seen.append((folder / include.LINK / include.FILE).read_text())
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


def test_a_first_reload_that_is_never_confirmed_names_nothing(stage: Stage) -> None:
    before = Before(stage)
    stage.watcher.at["Cut over"] = lambda: setattr(stage.nginx, "refuses_reloads", True)

    fails(stage, ProxyError, "1.0.0")

    assert before.is_back()


def test_an_answer_of_another_switch_confirms_nothing(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same set and version, but not what this run asked nginx for."""
    before = Before(live)
    put = include.put

    def put_another_once(folder: Path, wanted: LiveRelease | None, *_: object) -> None:
        monkeypatch.setattr(include, "put", put)
        put(folder, wanted and replace(wanted, switch="20260101T000000Z-ffffff"))

    live.watcher.at["Cut over"] = lambda: monkeypatch.setattr(include, "put", put_another_once)

    fails(live, ProxyError)

    assert before.is_back()


def test_a_disk_that_refuses_the_cut_over_and_the_way_back_changed_nothing(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before(live)

    def refuse(*_: object) -> None:
        raise ConfigurationError("nginx/live cannot be written", "Read-only file system")

    live.watcher.at["Cut over"] = lambda: monkeypatch.setattr(include, "put", refuse)

    fails(live, ConfigurationError)

    assert before.is_back()


@pytest.mark.parametrize("moment", ["Check the health of set2", "Cut over", "Drain set1"])
def test_a_fault_of_our_own_is_undone_told_and_recorded(
    live: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, moment: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail() -> None:
        raise KeyError("two")

    live.watcher.at[moment] = fail

    error = fails(live, UnexpectedError)

    undone = moment != "Drain set1"
    assert live.serves() == ("1.0.0" if undone else "1.0.1")
    assert error.exit_code == 1
    assert "KeyError" in error.what
    assert "in set1 serves as before" if undone else "in set2 serves" in error.serving
    assert live.history.entries()[-1].error == "UnexpectedError"
    (file,) = tmp_path.glob("fream-traceback-*.txt")
    assert str(file) in error.why
    assert file.stat().st_mode & 0o777 == 0o600
    assert "KeyError: 'two'" in file.read_text()


def test_nginx_without_a_worker_confirms_nothing(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before(live)
    monkeypatch.setattr(live.nginx, "processes", lambda: {99: "nginx: master process"})

    fails(live, ProxyError)

    assert before.is_back()


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
    live.watcher.at["Cut over"] = lambda: setattr(live.nginx, "silent", True)

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
    os.mkfifo(live.settings.nginx_directory / "http.d" / "pipe")

    error = fails(live, ProxyError)

    assert before.is_back()
    assert error.exit_code == 7


def test_a_failed_release_is_in_the_history_with_its_reason(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=500, body="no database")

    fails(live, UnhealthyError)

    last = live.history.entries()[-1]
    assert last.error == "UnhealthyError"
    assert "no database" in last.why


def test_a_failure_is_still_the_failure_when_the_history_cannot_be_written(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(status=500)
    shutil.rmtree(live.settings.state_directory)
    live.settings.state_directory.write_text("a file where the folder should be")

    fails(live, UnhealthyError)

    assert live.serves() == "1.0.0"


def test_a_release_that_dies_while_it_is_held_is_not_cut_over_to(live: Stage) -> None:
    """Held for an hour, then promoted: what was healthy then need not be so now."""
    notes = live.settings.state.notes

    def die_then_promote() -> None:
        live.project.apps[SetName.SET2].end(1)
        held = notes.held()
        assert held
        live.speed = 10
        notes.decide(held.switch, "promote")

    live.watcher.at["Hold"] = die_then_promote
    wish = SwitchRequest(Version.parse("1.0.1"), hold=True)

    with pytest.raises(UnhealthyError):
        Switch(live.context).run(wish)

    assert live.serves() == "1.0.0"
