"""An API and a UI, each an image of its own, with one version: pinned, undone and found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stories.docker import docker, inspect, remove_labelled
from tests.stories.fixtures import alone
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases, machine_images
from tests.stories.waiting import eventually
from tests.stories.web import get

BOX = f"{NAME}-box"
PORT = FIRST_PORT + 1000
REGISTRY = f"127.0.0.1:{PORT + 50}"
ELSEWHERE = "127.0.0.1:1/elsewhere"
UI = """
  {name}-ui:
    profiles: [{name}]
    init: true
    image: ${{IMAGE_REGISTRY:-127.0.0.1:5000}}/fream-ui:${{{variable}:-none}}
    environment:
      VERSION: ${{{variable}:-none}}
"""


@dataclass
class Box:
    """A project with two images, and their registry."""

    project: Project
    releases: Releases

    def push(self, tag: str, ui: str = "", **knobs: str) -> str:
        """Put a release into the registry. ui: what tells the UI's content from others."""
        self.releases.push(tag, **knobs)
        self.push_ui(tag, ui)
        return tag

    def push_ui(self, tag: str, ui: str = "") -> None:
        name = f"{self.releases.registry}/fream-ui:{tag}"
        lines = [f"FROM {machine_images()['BASE_IMAGE']}", f"LABEL {self.releases.label}=1"]
        recipe = [*lines, f"LABEL ui={ui or tag}", 'CMD ["sleep", "infinity"]']
        docker("build", "--quiet", "--tag", name, "-", stdin="\n".join(recipe))
        docker("push", "--quiet", name)

    def release(self, tag: str) -> str:
        self.project.switch(self.push(tag))
        return tag

    def runs(self) -> tuple[str, str]:
        """The content of the app and of the UI that run."""
        live, running = self.project.live_set, self.project.running()
        ui = inspect(running[f"{live}-ui"])["Config"]["Labels"]["ui"]
        return self.project.version(), ui

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.project.succeed("status", "--output", "json").out)
        return dict(told["result"])

    def in_order(self) -> bool:
        """Whether status has nothing to say, and a plain `docker compose up -d` to do."""
        before = self.project.running()
        self.project.compose("up", "--detach", "--no-build", "--quiet-pull")
        return self.project.running() == before and self.status()["notices"] == []


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder, releases = tmp_path_factory.mktemp("box"), Releases(REGISTRY, BOX)
    with alone(folder, BOX, REGISTRY, PORT) as project:
        app = project.folder / "compose" / "app.yaml"
        for name in ("set1", "set2"):
            text = UI.format(name=name, variable=f"{name.upper()}_VERSION")
            app.write_text(app.read_text() + text)
        project.set_env(SET1_PORT="", SET2_PORT="", HEALTH_CHECK_TIMEOUT="15s")
        remove_labelled(releases.label)
        try:
            releases.start()
            project.succeed("up", "infra")
            yield Box(project, releases)
        finally:
            remove_labelled(releases.label)


def test_each_image_is_found_pinned_and_shown_on_its_own(box: Box) -> None:
    box.release("1.1")

    assert box.runs() == ("1.1", "1.1")
    assert box.project.env()[f"{box.project.live_set.upper()}_VERSION"] == "1.1"
    live = box.status()["live"]
    digests = {name: digest(f"{REGISTRY}/{name}:1.1") for name in ("fream", "fream-ui")}
    assert live["images"] == {f"{REGISTRY}/{n}:1.1": found for n, found in digests.items()}
    assert (live["version"], live["digest"]) == ("1.1", digests["fream"])
    assert (
        f"{REGISTRY}/fream-ui:1.1  {digests['fream-ui'][:19]}" in box.project.succeed("status").out
    )
    shown = box.project.succeed("history", "show", live["switch"]).out
    assert f"{REGISTRY}/fream-ui:1.1@{digests['fream-ui']}" in shown
    assert box.in_order()


def digest(reference: str) -> str:
    repository = reference.rpartition(":")[0]
    names: list[str] = inspect(reference)["RepoDigests"]
    return next(name.partition("@")[2] for name in names if name.startswith(f"{repository}@"))


@pytest.fixture
def live(box: Box) -> str:
    """The tag of what is live, and of its images here."""
    return box.project.version() if box.project.live() else box.release("0.9")


@pytest.mark.usefixtures("live")
def test_a_version_that_one_image_lacks_is_named_and_changes_nothing(box: Box) -> None:
    box.releases.push("2.1")
    before = box.project.picture()

    result = box.project.fream("switch", "2.1")

    assert result.code == 5, result
    other = box.project.idle_set
    assert f"{REGISTRY}/fream-ui:2.1, the image of {other}-ui, could not be pulled" in result.text
    assert box.project.picture() == before
    assert "would fail" in box.project.fream("switch", "2.1", "--dry-run").text


def test_the_same_images_with_other_settings_are_a_release_of_settings(box: Box, live: str) -> None:
    (box.project.env_path.parent / "app.env").write_text("NOTE=1\n")

    box.project.switch(live)

    told = json.loads(box.project.succeed("history", "--output", "json").out)["result"]
    assert [entry["settings"] for entry in told["entries"]][-2:] == [False, True]
    assert "; settings" in box.project.succeed("history").out.splitlines()[-1]


def test_a_rollback_finds_what_was_live_when_a_tag_was_moved(box: Box, live: str) -> None:
    before = box.runs()
    box.release("4.1")
    box.push_ui(live, ui="moved")

    box.project.succeed("rollback")

    assert box.runs() == before
    assert box.in_order()
    box.project.switch(live)
    assert box.runs() == (live, "moved")
    box.project.succeed("rollback")
    assert box.runs() == before


def test_a_release_of_a_moved_tag_that_fails_leaves_the_tag_with_what_is_live(
    box: Box, live: str
) -> None:
    before = box.runs()
    box.push(live, ui="unhealthy", UNHEALTHY="500")

    result = box.project.fream("switch", live)

    assert result.code == 6, result
    assert box.runs() == before
    here = inspect(f"{REGISTRY}/fream-ui:{live}")
    assert here["Config"]["Labels"]["ui"] == before[1]
    assert box.in_order()


def test_a_tag_that_was_moved_here_is_told_and_put_right(box: Box, live: str) -> None:
    docker("tag", machine_images()["BASE_IMAGE"], f"{REGISTRY}/fream-ui:{live}")

    (notice,) = box.status()["notices"]
    box.project.succeed("recover")

    assert f"{REGISTRY}/fream-ui:{live}: a tag names another image" in notice
    assert box.in_order()


def test_a_rollback_needs_no_registry_and_none_of_the_same_name(box: Box, live: str) -> None:
    before = box.runs()
    box.release("7.1")
    registry = f"{BOX}-registry"
    docker("stop", registry)
    try:
        box.project.succeed("rollback")
        assert box.runs() == before
        with box.project.changed_env(IMAGE_REGISTRY=ELSEWHERE):
            box.project.succeed("rollback", "--to", "7.1")
            assert box.runs() == ("7.1", "7.1")
            assert box.in_order()
            images = box.status()["live"]["images"]
            assert set(images) == {f"{ELSEWHERE}/{n}:7.1" for n in ("fream", "fream-ui")}
            box.project.succeed("rollback", "--to", live)
            assert box.runs() == before
    finally:
        docker("start", registry)
        eventually(lambda: get(f"http://{REGISTRY}/v2/").status_code == 200)


def test_images_of_every_repository_are_pruned_by_the_release_that_needs_them(
    box: Box, live: str
) -> None:
    box.release("8.0")

    told = box.project.succeed("prune", "--keep", "1").out

    here = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    mine = {name for name in here if name.startswith(f"{REGISTRY}/fream")}
    needed = {f"{REGISTRY}/{n}:{tag}" for n in ("fream", "fream-ui") for tag in ("8.0", live)}
    never_released = {f"{REGISTRY}/fream:{tag}" for tag in (GOOD, "2.1")}
    assert mine <= needed | never_released, told
    assert {f"{REGISTRY}/fream:8.0", f"{REGISTRY}/fream-ui:8.0"} <= mine
    assert f"{ELSEWHERE}/fream:7.1" not in here
    box.project.succeed("rollback")
    assert box.runs()[0] == live
