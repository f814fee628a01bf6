"""What the cases of the matrix share: one project under load, and the table."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import FIRST_PORT, NAME
from tests.e2e.docker import remove_labelled, remove_project
from tests.e2e.project import Project
from tests.e2e.releases import Releases
from tests.faults.disks import small_disks
from tests.faults.site import FULL, MIX, VERSIONS, Site
from tests.faults.table import PLACE, Matrix
from tests.load import Load

MINE = f"{NAME}-faults"
PORT = FIRST_PORT + 640
LOAD_SECONDS = 3600.0
_matrix = Matrix()
_open: list[Project] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-matrix` writes MATRIX.md from the cases of this run."""
    parser.addoption("--write-matrix", action="store_true", help="write tests/faults/MATRIX.md")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the full run has time for."""
    if not FULL:
        long = [item for item in items if item.get_closest_marker("full_matrix")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, from real results only."""
    if session.config.getoption("--write-matrix", default=False):
        PLACE.write_text(_matrix.text(), encoding="utf-8")


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    """Where a case leaves its row."""
    return _matrix


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
    _open.append(project)
    try:
        project.succeed("up", "infra")
        project.switch(VERSIONS[0])
        with Load(project.http_port, MIX, LOAD_SECONDS) as load:
            yield load
    finally:
        _open.remove(project)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show containers and logs with a failure, as they are at that moment."""
    report = yield
    if report.failed and call.when == "call":
        for project in _open:
            report.sections += list(project.evidence().items())
    return report
