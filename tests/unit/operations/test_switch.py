"""A switch that goes well: what serves, what runs, what is on record."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fream_compose.errors import EngineError, UncertainError
from fream_compose.release import SetName, Version
from tests.fakes import Behaviour, Stage
from tests.fakes.log import access_line
from tests.fakes.stage import DIGEST


def test_the_first_release_goes_into_set1_and_serves(stage: Stage) -> None:
    outcome = stage.switch("1.0.0")

    assert stage.serves() == "1.0.0"
    assert outcome.live.set is SetName.SET1
    assert outcome.replaced is None
    assert set(stage.project.running()) == {"set1"}


def test_the_second_release_goes_into_the_other_set_and_the_first_is_removed(live: Stage) -> None:
    outcome = live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}
    assert outcome.replaced
    assert outcome.replaced.version.tag == "1.0.0"


def test_each_release_goes_where_the_live_one_is_not(stage: Stage) -> None:
    sets = []
    for version in ("1.0.0", "1.0.1", "1.0.2", "1.0.3"):
        sets.append(str(stage.switch(version).live.set))
        stage.fresh()

    assert sets == ["set1", "set2", "set1", "set2"]


def test_the_version_that_is_live_can_be_released_again(live: Stage) -> None:
    before = live.nginx.live

    live.switch("1.0.0")

    assert live.serves() == "1.0.0"
    assert set(live.project.running()) == {"set2"}
    assert before
    assert live.nginx.live
    assert live.nginx.live.switch != before.switch


def test_a_tag_is_pinned_to_the_content_that_was_pulled(stage: Stage) -> None:
    outcome = stage.switch("1.0.1")

    assert str(outcome.live.version) == f"1.0.1@sha256:{1:064x}"
    assert f"SET1_VERSION=1.0.1@sha256:{1:064x}\n" in stage.env


def test_a_digest_is_released_as_it_is(stage: Stage) -> None:
    stage.project.registry["sha256-abababababab"] = DIGEST

    stage.switch(DIGEST)

    assert stage.nginx.live
    assert stage.nginx.live.version == Version("sha256-abababababab", DIGEST)


def test_env_names_the_live_set_and_keeps_the_owners_lines(live: Stage) -> None:
    live.switch("1.0.1")

    assert "COMPOSE_PROFILES=infra,set2\n" in live.env
    assert "SET2_VERSION=1.0.1@" in live.env
    assert live.env.startswith("# The owner's own comment.\n")
    assert "\nIMAGE_NAME=fream\n" in live.env


def test_the_history_tells_each_release_in_order(live: Stage) -> None:
    live.switch("1.0.1")

    first, second = live.history.entries()
    assert (first.version[:5], first.set, first.replaced, first.result) == (
        *("1.0.0", "set1", ""),
        "done",
    )
    assert (second.version[:5], second.set, second.replaced[:5]) == ("1.0.1", "set2", "1.0.0")
    assert second.seconds > 0
    assert "Cut over to set2" in second.steps
    assert "@" in second.by


def test_the_steps_are_told_in_the_order_of_the_story(live: Stage) -> None:
    live.switch("1.0.1")

    assert live.watcher.steps == [
        "Pull 1.0.1",
        "Start set2",
        "Check the health of set2",
        "Check set2 through nginx",
        "Test the nginx configuration",
        "Look at set2 once more",
        "Cut over to set2",
        "Drain set1",
        "Stop and remove set1",
    ]
    assert live.watcher.details["Check the health of set2"] == "/products HTTP 200"
    assert live.watcher.warnings == []


def test_a_release_that_needs_a_while_is_waited_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path, health={"timeout": "1m", "interval": "10ms"})
    stage.project.behaviours["1.0.1"] = Behaviour(ready_after=10)

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"
    stage.project.close()


def test_the_old_set_runs_until_nginx_sends_nothing_there(live: Stage) -> None:
    live.nginx.lingers = 0.5
    left: list[bool] = []
    live.project.before(
        "remove set1",
        lambda: left.append(any("shutting" in p for p in live.nginx.processes().values())),
    )

    live.switch("1.0.1")

    assert left == [False]


def test_the_old_set_still_runs_while_the_new_one_takes_over(live: Stage) -> None:
    live.nginx.lingers = 0.4
    seen: list[set[str]] = []
    live.watcher.at["Drain set1"] = lambda: seen.append(set(live.project.running()))

    live.switch("1.0.1")

    assert seen == [{"set1", "set2"}]


def test_a_reload_that_takes_a_while_is_waited_for(live: Stage) -> None:
    live.nginx.reload_delay = 0.2

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"


def test_drain_that_passes_its_deadline_is_a_warning(tmp_path: Path) -> None:
    stage = Stage(tmp_path, drain={"timeout": "200ms"})
    stage.switch("1.0.0")
    stage.fresh()
    stage.nginx.lingers = 60

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"
    assert set(stage.project.running()) == {"set2"}
    assert stage.watcher.warnings == ["what is still open to set1 is cut when it stops"]
    assert stage.watcher.details["Drain set1"] == "requests in flight at the deadline"
    stage.project.close()


def test_an_old_set_that_cannot_be_removed_is_a_warning(live: Stage) -> None:
    live.project.fail("remove set1", "the engine is tired")

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert live.watcher.warnings == [
        "set1 is still there: remove set1 failed (the engine is tired)"
    ]


def test_an_env_that_cannot_be_written_after_the_cut_over_is_a_warning(live: Stage) -> None:
    def spoil() -> None:
        live.env_path.unlink()
        live.env_path.mkdir()

    live.watcher.at["Cut over"] = spoil

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert set(live.project.running()) == {"set2"}
    assert live.watcher.warnings[0].startswith("`.env` does not name the live set: ")


def test_a_history_that_cannot_be_written_is_a_warning(live: Stage) -> None:
    path = live.settings.state_directory / "history.jsonl"
    path.unlink()
    path.mkdir()

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert live.watcher.warnings[0].startswith("the history lacks this switch: ")


def test_a_history_whose_folder_cannot_be_made_is_a_warning(stage: Stage) -> None:
    stage.settings.state_directory.write_text("a file where the folder should be")

    stage.switch("1.0.0")

    assert stage.serves() == "1.0.0"
    assert stage.watcher.warnings[0].startswith("the history lacks this switch: ")


def test_nginx_that_stops_after_the_cut_over_is_brought_back(live: Stage) -> None:
    live.watcher.at["Drain set1"] = lambda: stop_nginx(live)

    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert live.nginx.running
    assert live.watcher.warnings[0].startswith("set1 was not drained: ")
    assert set(live.project.running()) == {"set1", "set2"}


def stop_nginx(stage: Stage) -> None:
    stage.nginx.stop()
    stage.project.infra.discard("nginx")


def test_a_release_that_nginx_cannot_serve_any_more_is_no_success(live: Stage) -> None:
    live.watcher.at["Drain set1"] = lambda: stop_nginx(live)
    live.project.fail("up mysql nginx", "nginx: [emerg] no such file")

    with pytest.raises(UncertainError) as caught:
        live.switch("1.0.1")

    assert caught.value.exit_code == 9
    assert "fream recover" in caught.value.next_step
    assert set(live.project.running()) == {"set1", "set2"}
    assert live.history.entries()[-1].error == "UncertainError"


def test_a_failed_release_does_not_stop_the_next_one(live: Stage) -> None:
    live.project.behaviours["1.0.1"] = Behaviour(start_error="no space left on device")
    with pytest.raises(EngineError):
        live.switch("1.0.1")
    live.fresh()

    live.switch("1.0.2")

    assert live.serves() == "1.0.2"
    assert set(live.project.running()) == {"set2"}


def test_connections_that_the_old_app_still_holds_are_told(tmp_path: Path) -> None:
    # Time runs fast for the drain; the health check must not run out of it.
    stage = Stage(tmp_path, health={"timeout": "10m", "interval": "10ms"})
    stage.switch("1.0.0")
    stage.fresh()
    stage.project.open_connections, stage.speed = 3, 20

    stage.switch("1.0.1")

    assert stage.watcher.details["Drain set1"].startswith("3 open connections at")
    assert stage.serves() == "1.0.1"
    stage.project.close()


def test_a_warm_up_is_asked_of_the_new_release_before_the_cut_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path, warm_up={"paths": ["/products", "/"], "requests": 20})
    asked: list[int] = []
    stage.watcher.at["Cut over"] = lambda: asked.append(stage.project.apps[SetName.SET1].asked)

    stage.switch("1.0.0")

    assert stage.watcher.details["Warm up set1"] == "20 requests"
    assert asked[0] > 20
    stage.project.close()


def test_a_switch_without_a_log_of_nginx_says_so_and_succeeds(stage: Stage) -> None:
    assert "nginx's log cannot be read" in stage.switch("1.0.0").evidence.missing


def test_requests_that_nginx_logs_meanwhile_are_the_evidence(live: Stage, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.touch()
    live.project.access_log = log

    def serve_some() -> None:
        time.sleep(0.05)  # `tail` must have begun to follow
        for name, status in (("set1", 200), ("set2", 200), ("set2", 502)):
            with log.open("a") as file:
                file.write(access_line(time.time(), name, status))

    live.watcher.at["Drain set1"] = serve_some

    evidence = live.switch("1.0.1").evidence

    assert (evidence.served, evidence.failed) == (2, 1)
    assert evidence.by_set == {"set1": 1, "set2": 2}
