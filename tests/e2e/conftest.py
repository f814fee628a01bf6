"""One scratch project for all end-to-end tests; each test brings it into the state it needs."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.docker import remove_labelled, remove_project
from tests.e2e.project import Project
from tests.e2e.releases import GOOD, LABEL, Releases
from tests.load import Load, Mix

FOLDERS = ("unit", "contract", "e2e", "faults")
# Two runs at once on one server need names and ports of their own.
NAME = os.environ.get("FREAM_E2E_NAME", "fream-e2e")
OTHER_NAME = f"{NAME}-other"
FIRST_PORT = int(os.environ.get("FREAM_E2E_PORT", "27000"))
REGISTRY = f"127.0.0.1:{FIRST_PORT + 500}"
_open: list[Project] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tests first, and these, which need Docker, last."""
    here = Path(__file__).parent
    places = {here.parent / folder: place for place, folder in enumerate(FOLDERS)}
    items.sort(
        key=lambda item: min((places[p] for p in item.path.parents if p in places), default=9)
    )
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show containers and logs with a failure, as they are at that moment."""
    report = yield
    if report.failed and call.when != "teardown":
        for project in _open:
            report.sections += list(project.evidence().items())
    return report


@pytest.fixture(scope="session")
def releases() -> Iterator[Releases]:
    """A registry with the good release, and a way to make others."""
    remove_labelled(LABEL)
    found = Releases(REGISTRY)
    try:
        found.start()
        yield found
    finally:
        remove_labelled(LABEL)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Project]:
    """The project of this session; nothing of it runs at first."""
    remove_project(NAME)
    made = Project(tmp_path_factory.mktemp("project"), NAME, releases.registry, FIRST_PORT)
    _open.append(made)
    try:
        yield made
    finally:
        _open.remove(made)
        remove_project(NAME)


@pytest.fixture
def other_project(tmp_path: Path) -> Iterator[Project]:
    """A second project on the same server, not started."""
    remove_project(OTHER_NAME)
    try:
        yield Project(tmp_path / "other", OTHER_NAME, REGISTRY, FIRST_PORT + 600)
    finally:
        remove_project(OTHER_NAME)


@pytest.fixture
def before_release(project: Project) -> Project:
    """The project with its infra up, before any release."""
    if project.include.exists():
        project.succeed("down")
        project.include.unlink()
        project.set_env(COMPOSE_PROFILES="infra")
    project.succeed("up", "infra")
    return project


@pytest.fixture
def live(project: Project) -> Project:
    """The project with a release that serves."""
    if not project.containers():
        project.succeed("up")
    if project.live() is None or project.get("/products").status_code != 200:
        project.switch(GOOD)
    return project


@pytest.fixture
def visitors(live: Project) -> Iterator[Load]:
    """People who use the app during the test; none of them may notice anything."""
    with Load(live.http_port, Mix.only(new=1, keepalive=1, post=1), 300) as load:
        load.wait_for(10)
        yield load
        load.wait_for(10)
    assert load.report.ok, "\n".join(load.report.lines())
