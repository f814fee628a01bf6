"""A service that comes with a release: the one before lacks it, and is as good as it was."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError, EngineError, GuardError
from fream_compose.nginx.routes import routes_of
from fream_compose.operations import infra
from fream_compose.operations.diagnosis import Fault, diagnose
from fream_compose.operations.live_images import contents_of
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.project.compose_config import parse
from fream_compose.project.entry import Kind
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.project import Script

NEW = SetName.SET2


@pytest.fixture
def grown(tmp_path: Path) -> Iterator[Stage]:
    """1.0.0 is live without the ui, with which the next release comes."""
    with socket.create_server(("127.0.0.1", 0)) as ui:
        stage = Stage(tmp_path, guard="500ms")
        stage.switch("1.0.0")
        add(stage, "ui", path="/ui", port=ui.getsockname()[1])
        stage.fresh()
        yield stage
        stage.project.close()


def add(stage: Stage, service: str, **said: Any) -> None:
    """A service beside the app, with an image of its own."""
    for name in SetName:
        image = f"127.0.0.1:5000/fream-{service}:fream.{name}.version"
        stage.config["services"][f"{name}-{service}"] = {"profiles": [name], "image": image}
        stage.config["services"][name]["image"] = f"127.0.0.1:5000/fream:fream.{name}.version"
    stage.config["x-fream"]["services"] = {service: said}
    told = parse(stage.config, stage.settings.compose_directory)
    stage.settings = stage.project.settings = told
    stage.proxy.routes = routes_of(told)
    stage.proxy.put_routes(tested=False)
    stage.nginx.stop()
    stage.nginx.start()


def back(stage: Stage, **wish: Any) -> None:
    """A rollback to the release from before the ui."""
    stage.fresh()
    first = stage.history.entries()[0]
    assert [*first.images] == ["127.0.0.1:5000/fream:1.0.0"]
    stage.switch(first.version, kind=Kind.ROLLBACK, images=first.images, **wish)


def test_a_release_that_fails_is_taken_back_to_one_without_the_service(grown: Stage) -> None:
    grown.watcher.at["Drain"] = lambda: grown.project.apps[NEW].end(137)

    with pytest.raises(GuardError):
        grown.switch("1.0.1")

    assert grown.serves() == "1.0.0"
    assert set(grown.project.running()) == {"set1"}


def test_the_way_back_leads_to_a_release_without_the_service(grown: Stage) -> None:
    grown.switch("1.0.1")
    assert grown.project.at_work() == {"set2-ui"}

    back(grown)

    assert grown.serves() == "1.0.0"
    assert grown.project.at_work() == set()


def test_a_set_that_is_kept_warm_without_the_service_serves_at_once(grown: Stage) -> None:
    grown.switch("1.0.1", keep_warm=timedelta(minutes=10))

    back(grown, keep_warm=timedelta(minutes=10))

    assert grown.serves() == "1.0.0"
    assert "Start set1" not in grown.watcher.steps


def test_what_is_live_starts_again_without_what_its_release_lacks(grown: Stage) -> None:
    live = SetName.SET1
    grown.project.apps.pop(live).end(137)
    Recovery(grown.context).recover()
    assert grown.serves() == "1.0.0"

    grown.project.apps.pop(live).end(137)
    infra.up(grown.context, ())

    assert grown.serves() == "1.0.0"
    assert grown.project.at_work() == set()


@pytest.fixture
def staffed(tmp_path: Path) -> Iterator[Stage]:
    """1.0.0 is live without the worker, with whose image the next release comes."""
    stage = Stage(tmp_path, guard="500ms")
    stage.switch("1.0.0")
    add(stage, "worker", after="cut_over")
    stage.fresh()
    no_image = EngineError("set1-worker could not be started", "manifest unknown")
    stage.project.script["up set1-worker"] = Script(error=no_image)
    yield stage
    stage.project.close()


def test_a_worker_that_came_later_does_not_work_for_the_release_before(staffed: Stage) -> None:
    assert Fault.WORKERS not in diagnose(take_snapshot(staffed.project, staffed.proxy))
    staffed.switch("1.0.1")
    assert staffed.project.at_work() == {"set2-worker"}

    back(staffed)

    assert staffed.serves() == "1.0.0"
    assert staffed.project.at_work() == set()
    assert Fault.WORKERS not in diagnose(take_snapshot(staffed.project, staffed.proxy))


def test_a_release_with_a_new_worker_is_taken_back(staffed: Stage) -> None:
    staffed.watcher.at["Drain"] = lambda: staffed.project.apps[NEW].end(137)

    with pytest.raises(GuardError):
        staffed.switch("1.0.1")

    assert staffed.serves() == "1.0.0"
    assert staffed.project.at_work() == set()


def test_an_earlier_fream_remembers_the_only_image_by_its_digest(staffed: Stage) -> None:
    entry = replace(staffed.history.entries()[0], images={})

    assert contents_of(staffed.settings, entry) == {
        "127.0.0.1:5000/fream:1.0.0": staffed.project.registry["1.0.0"]
    }
    assert contents_of(staffed.settings, replace(entry, version="1.0.0")) == {}
    assert contents_of(staffed.settings, None) == {}


def test_secrets_that_workers_need_are_had_before_the_cut_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path, beside=("worker",), services={"worker": {"after": "cut_over"}})
    stage.switch("1.0.0")
    stage.switch("1.0.1", keep_warm=timedelta(minutes=10))
    stage.fresh()
    stage.project.script["secrets"] = Script(error=ConfigurationError("No secrets", "it failed"))

    with pytest.raises(ConfigurationError):
        stage.switch(stage.history.entries()[0].version, kind=Kind.ROLLBACK)

    assert stage.serves() == "1.0.1"
    assert stage.project.at_work() == {"set2-worker"}
    stage.project.close()


@pytest.mark.parametrize("none", [{"scale": 0}, {"deploy": {"replicas": 0}}])
def test_a_worker_that_is_to_have_no_container_is_not_missed(
    staffed: Stage, none: dict[str, Any]
) -> None:
    staffed.switch("1.0.1")
    staffed.fresh()
    staffed.config["services"]["set2-worker"] |= none
    staffed.settings = staffed.project.settings = parse(
        staffed.config, staffed.settings.compose_directory
    )
    del staffed.project.workers["set2-worker"]

    seen = take_snapshot(staffed.project, staffed.proxy)

    assert (seen.workers.missing, seen.workers.ailing) == ((), ())
    assert Fault.WORKERS not in diagnose(seen)


def test_a_worker_that_no_repair_starts_holds_up_no_release(staffed: Stage) -> None:
    staffed.switch("1.0.1")
    staffed.fresh()
    # As when nothing of its image is left on this server.
    del staffed.project.workers["set2-worker"]
    staffed.project.never_start.add("set2-worker")

    staffed.switch("1.0.2")

    assert staffed.serves() == "1.0.2"
    assert staffed.watcher.steps.count(f"Repair: {Fault.WORKERS.value}") == 1
