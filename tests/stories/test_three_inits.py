"""Projects that were set up beside each other never want the same port."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.stories import web
from tests.stories.docker import docker, remove_project
from tests.stories.own_app import fream
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import Releases, machine_images
from tests.stories.waiting import eventually

NAMES = [f"{NAME}-{word}" for word in ("ann", "ben", "cid")]
PORT = FIRST_PORT + 1900


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the projects go; nothing of them is left."""
    try:
        for name in NAMES:
            remove_project(name)
        yield tmp_path
    finally:
        for name in NAMES:
            remove_project(name)


def healthy(place: Path) -> bool:
    return " healthy: " in fream(place, "status")


def test_three_projects_that_are_set_up_at_once_come_up_release_twice_and_restart(
    folder: Path, releases: Releases
) -> None:
    versions = [releases.push(f"three-{number}", DB="off") for number in (1, 2)]
    for number, name in enumerate(NAMES):
        options = ["--image", f"{releases.registry}/fream", "--health-path", "/version"]
        options += ["--http-port", f"127.0.0.1:{PORT + number}"]
        options += ["--set", f"NGINX_IMAGE={machine_images()['NGINX_IMAGE']}"]
        fream(folder, "init", name, *options)
    for name in NAMES:
        fream(folder / name, "up", "infra")
    for version in versions:
        for name in NAMES:
            fream(folder / name, "switch", "--version", version)
    for number in range(len(NAMES)):
        assert web.get(f"http://127.0.0.1:{PORT + number}/version").json()["version"] == versions[1]
    docker("restart", *(f"{name}-{of}" for name in NAMES for of in ("nginx", "app-set2")))
    for name in NAMES:
        eventually(partial(healthy, folder / name))
        fream(folder / name, "down")
