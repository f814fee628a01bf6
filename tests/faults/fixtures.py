"""What the cases of the matrix share: one project under load, and the table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from load import Load
from tests.faults.disks import small_disks
from tests.faults.site import MIX, VERSIONS, Site
from tests.faults.table import MATRIX, Matrix
from tests.stories.docker import remove_labelled, remove_project
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project, watched
from tests.stories.releases import Releases

MINE = f"{NAME}-faults"
PORT = FIRST_PORT + 640
LOAD_SECONDS = 3600.0


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    """Where a case leaves its row."""
    return MATRIX


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, matrix: Matrix) -> Iterator[Site]:
    """A project of its own, in which a release is live and used until the last case is over."""
    releases = Releases(f"127.0.0.1:{PORT + 70}", MINE)
    remove_project(MINE)
    remove_labelled(releases.label)
    try:
        releases.start()
        for tag in VERSIONS:
            releases.push(tag, DB="off")
        project = Project(tmp_path_factory.mktemp("faults"), MINE, releases.registry, PORT)
        made = Site(project, releases, matrix)
        made.state.mkdir()
        made.warm_up()
        with small_disks(made.nginx, made.compose, made.state), used(project) as made.load:
            yield made
            remove_project(MINE)
    finally:
        remove_project(MINE)
        remove_labelled(releases.label)


@contextmanager
def used(project: Project) -> Iterator[Load]:
    """A project with a release that serves, and people who use it."""
    watched.append(project)
    try:
        project.succeed("up", "infra")
        project.switch(VERSIONS[0])
        with Load(project.http_port, MIX, LOAD_SECONDS) as load:
            yield load
    finally:
        watched.remove(project)
