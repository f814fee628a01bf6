"""Staging beside production: copies of one project on one server that share nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from load import Load, Mix
from tests.stories.docker import docker, inspect, marks, remove_project
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project
from tests.stories.releases import Releases, machine_images

PLACES = {f"{NAME}-production": 600, f"{NAME}-staging": 1200}


@pytest.fixture(scope="module")
def copies(
    tmp_path_factory: pytest.TempPathFactory, releases: Releases
) -> Iterator[tuple[Project, Project]]:
    """Production serves 1 and may go back to 0; staging, its copy, serves 2."""
    made = []
    try:
        for name, distance in PLACES.items():
            remove_project(name)
            project = Project(
                tmp_path_factory.mktemp(name), name, releases.registry, FIRST_PORT + distance
            )
            # The network is whatever the files say by default.
            text = project.env_path.read_text()
            project.env_path.write_text(
                re.sub("^FREAM_NETWORK_NAME=", "#FREAM_NETWORK_NAME=", text, flags=re.M)
            )
            project.set_env(SET1_PORT="", SET2_PORT="")
            project.succeed("up", "infra")
            made.append(project)
        production, staging = made
        for tag in ("copy-0", "copy-1"):
            production.switch(releases.push(tag))
        for tag in ("copy-0", "copy-1", "copy-2"):
            staging.switch(releases.push(tag))
        yield production, staging
    finally:
        for name in PLACES:
            remove_project(name)


def networks(project: Project) -> set[str]:
    found = (inspect(name)["NetworkSettings"]["Networks"] for name in project.containers())
    return {network for of_one in found for network in of_one}


def test_each_serves_its_own_release_from_its_own_network(
    copies: tuple[Project, Project],
) -> None:
    production, staging = copies

    assert [p.version() for p in copies] == ["copy-1", "copy-2"]
    assert networks(production).isdisjoint(networks(staging))
    assert networks(production) == {production.name, f"{production.name}-data"}


def test_a_switch_of_the_one_is_not_noticed_by_the_users_of_the_other(
    copies: tuple[Project, Project],
) -> None:
    production, staging = copies
    with Load(production.http_port, Mix.only(new=1, keepalive=1)) as load:
        load.wait_for(10)
        staging.switch("copy-2")
        load.wait_for(10)

    assert load.report.ok, "\n".join(load.report.lines())
    assert [p.version() for p in copies] == ["copy-1", "copy-2"]


def test_what_the_one_removes_the_other_can_still_go_back_to(
    copies: tuple[Project, Project], releases: Releases
) -> None:
    production, staging = copies
    image = f"{releases.registry}/fream:copy-0"

    told = json.loads(staging.succeed("prune", "--keep", "1", "--output", "json").out)["result"]

    assert "copy-0" not in told["removed"]
    assert docker("image", "inspect", image)
    with production.changed_env(PULL_POLICY="missing"):
        production.succeed("rollback")
    assert production.version() == "copy-0"
    production.switch("copy-1")
    production.switch("copy-1")
    told = json.loads(production.succeed("prune", "--keep", "1", "--output", "json").out)["result"]
    assert told["removed"] == ["copy-0"]


def refused(staging: Project, said: str, **values: str) -> None:
    """With these values staging does not come up, and the container in the way is named."""
    text = staging.env_path.read_text()
    staging.succeed("down")
    staging.set_env(**values)
    try:
        result = staging.fream("up", "infra")
    finally:
        staging.env_path.write_text(text)
    assert result.code == 3, result
    assert said in result.err
    assert set(values) <= set(result.err.split())
    assert staging.containers() == {}


def test_two_that_are_told_to_share_a_network_are_refused(
    copies: tuple[Project, Project],
) -> None:
    production, staging = copies
    before = production.picture()

    refused(staging, f"{production.name}-", FREAM_NETWORK_NAME=production.name)

    assert production.picture() == before


def test_two_that_are_told_to_use_the_same_data_are_refused(
    copies: tuple[Project, Project], tmp_path: Path
) -> None:
    other = f"{NAME}-other-mysql"
    options = ["--name", other, "--volume", f"{tmp_path}:/var/lib/mysql"]
    docker("run", "--detach", *options, machine_images()["BASE_IMAGE"], "sleep", "600")
    try:
        refused(copies[1], other, MYSQL_DATA_DIR=str(tmp_path))
    finally:
        docker("rm", "--force", other)


def test_down_of_the_one_leaves_the_other_and_volumes_take_the_claim_on_images_along(
    copies: tuple[Project, Project],
) -> None:
    production, staging = copies
    before = production.picture()
    kept = marks(production.name)
    assert kept
    assert marks(staging.name)

    staging.succeed("down", "--volumes", "--yes", "--project", staging.name)

    assert staging.containers() == {}
    assert marks(staging.name) == []
    assert marks(production.name) == kept
    assert production.picture() == before
    assert production.get("/products").status_code == 200
