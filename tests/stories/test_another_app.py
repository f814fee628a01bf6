"""An app that knows nothing of fream, pypiserver from PyPI: set up, released twice, taken down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import web
from tests.stories.docker import docker, remove_project
from tests.stories.own_app import fream
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import Releases, machine_images
from tests.stories.visitors import Visit, Visitors
from tests.stories.waiting import eventually

PROJECT = f"{NAME}-pypi"
VERSIONS = ("2.4.0", "2.4.2")
# legacy-cgi: pypiserver still imports a module that Python 3.13 dropped.
RECIPE = """
FROM {base}
RUN pip install --no-cache-dir gunicorn==23.0.0 legacy-cgi==2.6.4
RUN pip install --no-cache-dir pypiserver=={version} && mkdir /root/packages
CMD ["gunicorn", "--bind", "0.0.0.0:8080", "--workers", "2", "pypiserver:app()"]
"""
PORT = FIRST_PORT + 780


@pytest.fixture
def image(releases: Releases) -> Iterator[str]:
    """The app's image in the registry, in both versions, and not yet on this server."""
    name = f"{releases.registry}/tools/pypi-server"
    for version in VERSIONS:
        # Not labelled: it stays, so that the next run finds it in Docker's build cache.
        cached = f"fream-e2e/pypi-server:{version}"
        recipe = RECIPE.format(base=machine_images()["BASE_IMAGE"], version=version)
        docker("build", "--quiet", "--network", "host", "--tag", cached, "-", stdin=recipe)
        docker("tag", cached, f"{name}:{version}")
        docker("push", "--quiet", f"{name}:{version}")
        docker("image", "rm", f"{name}:{version}")
    yield name
    docker("image", "rm", *(f"{name}:{version}" for version in VERSIONS))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the project goes; nothing of it is left."""
    remove_project(PROJECT)
    try:
        yield tmp_path
    finally:
        remove_project(PROJECT)


def test_another_app_is_set_up_released_twice_and_rolled_back_and_no_request_fails(
    image: str, folder: Path
) -> None:
    options = ["--image", image, "--name", PROJECT, "--app-port", "8080"]
    options += ["--health-path", "/health", "--http-port", f"127.0.0.1:{PORT}"]
    options += ["--set", f"NGINX_IMAGE={machine_images()['NGINX_IMAGE']}"]
    said = fream(folder, "init", "pypi", *options)
    assert "fream up infra" in said

    place = folder / "pypi"
    assert "Start nginx" in fream(place, "up", "infra")
    fream(place, "switch", "--version", VERSIONS[0])
    page = r"running version (\S+)"
    visitors = Visitors(PORT, Visit("/", page), Visit("/?new", page, keep=False))
    with visitors.at_work():
        eventually(visitors.all_served)
        fream(place, "switch", "--version", VERSIONS[1])
        asked = {path: len(versions) for path, versions in visitors.served.items()}
        eventually(lambda: visitors.all_served(max(asked.values()) + 10))

    assert visitors.failed == []
    for path, versions in visitors.served.items():
        assert versions[0] == VERSIONS[0]
        assert set(versions[asked[path] + 1 :]) == {VERSIONS[1]}
    assert VERSIONS[1] in fream(place, "status")
    assert web.get(f"http://127.0.0.1:{PORT}/health").text == "Ok"
    fream(place, "rollback")
    assert VERSIONS[0] in fream(place, "status")
    fream(place, "down")
    mine = f"label=com.docker.compose.project={PROJECT}"
    assert docker("ps", "--all", "--quiet", "--filter", mine) == ""
