"""What runs must be this folder's, on this server: else hands off."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from load import Load, Mix
from tests.stories.docker import docker, remove_project
from tests.stories.project import Project
from tests.stories.releases import GOOD

CHANGING = (
    ("switch", "--version", GOOD),
    ("rollback",),
    ("recover",),
    ("up", "infra"),
    ("up",),
    ("down",),
    ("down", "--volumes", "--yes"),
    ("maintenance", "on"),
    ("prune",),
    ("promote",),
    ("exec", "live", "--", "true"),
)


@pytest.fixture
def checkout(released: Project, tmp_path: Path) -> Project:
    """The same project once more, in another folder, as `cp -a` makes it."""
    folder = tmp_path / "checkout"
    shutil.copytree(released.folder, folder)
    return released.at(folder)


def volumes(project: Project) -> str:
    mine = f"label=com.docker.compose.project={project.name}"
    return docker("volume", "ls", "-q", "--filter", mine)


@pytest.mark.parametrize("arguments", CHANGING, ids=" ".join)
def test_a_second_checkout_changes_nothing(
    released: Project, checkout: Project, arguments: tuple[str, ...]
) -> None:
    before = released.picture(), checkout.picture(), volumes(released)

    result = checkout.fream(*arguments)

    assert result.code == 3, result
    assert f"belong to {released.folder / 'compose'}" in result.err
    assert "fream adopt" in result.err
    assert (released.picture(), checkout.picture(), volumes(released)) == before


def test_reading_commands_say_whose_it_is(released: Project, checkout: Project) -> None:
    told = checkout.succeed("status")
    assert told.out.startswith(f"DEGRADED  {checkout.name}: The containers of project")
    assert "live     not known" in told.out
    assert str(released.folder) in told.out.splitlines()[0]
    found = json.loads(checkout.succeed("status", "-o", "json").out)["result"]
    assert found["live"] is None
    assert str(released.folder) in found["foreign"]
    for command in (["logs", "nginx"], ["config"], ["maintenance", "status"]):
        assert str(released.folder) in checkout.succeed(*command).err
    assert checkout.fream("doctor").code == 3
    assert str(released.folder) in checkout.fream("doctor").out


def test_the_same_folder_by_other_paths_is_ours(released: Project, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(released.folder)
    crooked = released.folder / "compose" / ".." / ""
    for folder in (tmp_path / "link", crooked, released.folder / "compose"):
        result = released.at(folder)
        assert result.succeed("recover").code == 0
        assert "foreign" not in result.succeed("status").out


def test_no_path_to_the_folder_has_what_runs_made_anew(released: Project, tmp_path: Path) -> None:
    before = released.containers()
    (tmp_path / "link").symlink_to(released.folder)
    linked = released.at(tmp_path / "link")

    told = linked.succeed("up", "infra", "--recreate")

    assert "not in force" not in told.text
    assert released.containers() == before
    assert linked.succeed("doctor").code == 0


def test_what_compose_started_by_hand_is_ours(released: Project) -> None:
    nginx = released.container("nginx")
    docker("rm", "-f", nginx)
    released.compose("--profile", "infra", "up", "-d", "nginx")
    released.succeed("recover")
    docker("rm", "-f", nginx)
    relative = os.path.relpath(released.env_path.parent / "compose.yaml", released.folder)
    docker("compose", "-f", relative, "up", "-d", "nginx", folder=released.folder)
    released.succeed("recover")
    assert released.get("/products").status_code == 200


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://deploy@127.0.0.1"])
def test_an_engine_elsewhere_is_refused(released: Project, host: str) -> None:
    before = released.picture()

    result = released.fream("down", DOCKER_HOST=host)

    assert result.code == 3, result
    assert host in result.err
    assert released.picture() == before


def test_a_chosen_context_that_is_elsewhere_is_refused(released: Project, tmp_path: Path) -> None:
    configuration = ["--config", str(tmp_path)]
    plugins = Path.home() / ".docker" / "cli-plugins"
    if plugins.exists():
        (tmp_path / "cli-plugins").symlink_to(plugins)
    docker(*configuration, "context", "create", "away", "--docker", "host=tcp://127.0.0.1:2375")

    result = released.fream("recover", DOCKER_CONTEXT="away", DOCKER_CONFIG=str(tmp_path))
    assert result.code == 3, result
    assert "unset DOCKER_CONTEXT" in result.err

    docker(*configuration, "context", "use", "away")
    result = released.fream("recover", DOCKER_CONFIG=str(tmp_path))
    assert result.code == 3, result
    assert "docker context use default" in result.err


def test_a_socket_at_another_path_is_fine(released: Project, tmp_path: Path) -> None:
    (tmp_path / "docker.sock").symlink_to("/var/run/docker.sock")

    assert released.fream("recover", DOCKER_HOST=f"unix://{tmp_path}/docker.sock").code == 0


@pytest.fixture
def movable(tmp_path: Path, released: Project) -> Iterator[Project]:
    """A project of its own with a release and some data, in a folder that can be moved."""
    name, port = f"{released.name}-moved", released.http_port + 620
    remove_project(name)
    try:
        made = Project(tmp_path / "old", name, released.env()["IMAGE_REGISTRY"], port)
        made.succeed("up", "infra")
        made.switch(GOOD)
        yield made
    finally:
        remove_project(name)


def test_a_moved_folder_goes_on_after_adopt(movable: Project, tmp_path: Path) -> None:
    assert movable.query("CREATE TABLE kept (a INT); INSERT INTO kept VALUES (7)") == ""
    before = movable.containers()
    moved = movable.at(tmp_path / "new")
    with Load(movable.http_port, Mix.only(new=1, keepalive=1)) as load:
        load.wait_for(10)
        movable.folder.rename(moved.folder)
        assert moved.fream("recover").code == 3

        result = moved.succeed("adopt")

        load.wait_for(20)
    print(result, *load.report.lines(), sep="\n")
    app = moved.container(moved.live_set)
    assert moved.containers()[app] == before[app]
    assert moved.version() == GOOD
    assert moved.query("SELECT a FROM kept") == "7"
    assert not (tmp_path / "old").exists()

    moved.succeed("recover")
    assert "live     set1" in moved.succeed("status").out
    docker("restart", moved.container("nginx"))
    moved.succeed("up", "infra")
    assert moved.get("/products").status_code == 200
    moved.switch(GOOD)
    moved.succeed("maintenance", "on")
    moved.succeed("maintenance", "off")
    moved.succeed("down")
    assert moved.containers() == {}
    assert not (tmp_path / "old").exists()


def test_a_folder_that_holds_the_project_still_must_be_named(
    movable: Project, tmp_path: Path
) -> None:
    other = movable.at(tmp_path / "other")
    shutil.copytree(movable.folder, other.folder, ignore=shutil.ignore_patterns(".fream", "*.inc"))
    for part in ("live.inc", "net.inc", "proxy.inc", "unavailable.inc", "upstream.inc"):
        shutil.copy(movable.folder / "nginx" / part, other.folder / "nginx" / part)
    before = movable.picture()

    result = other.fream("adopt")

    assert result.code == 3, result
    assert f"--from {movable.folder / 'compose'}" in result.err
    assert movable.picture() == before

    other.succeed("adopt", "--from", str(movable.folder))
    assert other.live() == before.live
    assert other.get("/products").status_code == 200
    assert movable.fream("down").code == 3
    assert other.fream("adopt").code == 0


def test_data_outlives_its_containers_until_the_name_is_said(movable: Project) -> None:
    movable.succeed("down")

    assert movable.fream("down", "--volumes", "--yes").code == 2
    assert movable.fream("down", "--volumes", "--project", "fream").code == 2
    assert volumes(movable)

    movable.succeed("down", "--volumes", "--project", movable.name)
    assert not volumes(movable)
