"""One scratch project for all end-to-end tests; each test brings it into the state it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from load import Load, Mix
from tests.stories.docker import remove_labelled, remove_project
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project, started, watched
from tests.stories.releases import GOOD, LABEL, Releases

OTHER_NAME = f"{NAME}-other"
REGISTRY = f"127.0.0.1:{FIRST_PORT + 500}"


@pytest.fixture(autouse=True)
def runs_end_with_their_test() -> Iterator[None]:
    """So that one that fails midway leaves no switch at work to the next."""
    yield
    for process in started:
        with process:
            process.terminate()
    started.clear()


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


@contextmanager
def alone(folder: Path, name: str, registry: str, first_port: int) -> Iterator[Project]:
    """A project of this name, of which nothing runs before and nothing afterwards."""
    remove_project(name)
    made = Project(folder, name, registry, first_port)
    watched.append(made)
    try:
        yield made
    finally:
        watched.remove(made)
        remove_project(name)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Project]:
    """The project of this session; nothing of it runs at first."""
    folder = tmp_path_factory.mktemp("project")
    with alone(folder, NAME, releases.registry, FIRST_PORT) as made:
        yield made


@pytest.fixture
def other_project(tmp_path: Path) -> Iterator[Project]:
    """A second project on the same server, not started."""
    with alone(tmp_path / "other", OTHER_NAME, REGISTRY, FIRST_PORT + 600) as made:
        yield made


@pytest.fixture
def before_release(project: Project) -> Project:
    """The project with its infra up, before any release."""
    if project.include.exists():
        project.succeed("down")
        (project.folder / "nginx" / "live").unlink()
        project.set_env(COMPOSE_PROFILES="infra")
    project.succeed("up", "infra")
    return project


@pytest.fixture(scope="module")
def as_set(project: Project) -> Project:
    """What is live was made with what is set, whatever the file before has tried."""
    if project.containers():
        drift = json.loads(project.succeed("status", "--output", "json").out)["result"]["drift"]
        if any(each["takes_effect"] == "the next fream switch" for each in drift):
            project.switch(GOOD)
    return project


@pytest.fixture
def released(as_set: Project) -> Project:
    """The project with a release that serves, and nothing in its idle set."""
    project = as_set
    if not project.containers():
        project.succeed("up")
    if project.live() is None or project.get("/products").status_code != 200:
        project.switch(GOOD)
    if project.idle_set in project.running():  # kept warm by the test before
        project.succeed("rollback")
    assert set(project.running()) == {"mysql", "nginx", project.live_set}
    return project


@pytest.fixture
def visitors(released: Project) -> Iterator[Load]:
    """People who use the app during the test; none of them may notice anything."""
    with Load(released.http_port, Mix.only(new=1, keepalive=1, post=1)) as load:
        load.wait_for(10)
        yield load
        load.wait_for(10)
    assert load.report.ok, "\n".join(load.report.lines())
