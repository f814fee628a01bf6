"""An app that knows nothing of fream, pypiserver from PyPI: set up, released twice, taken down."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stories import web
from tests.stories.docker import docker, remove_project
from tests.stories.fixtures import FIRST_PORT, NAME
from tests.stories.project import SET_BY_PROJECT
from tests.stories.releases import Releases, machine_images
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


class Visitors:
    """Two people who never retry: one keeps the connection, one opens a new one each time."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.failed: list[str] = []
        self._over = threading.Event()

    def visit(self, keep: bool) -> None:
        """Ask until it is over."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        while not self._over.wait(0.02):
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                found = re.search(r"running version (\S+)", answer.read().decode())
                assert answer.status == 200, f"HTTP {answer.status}"
                assert found, "not a page of the app"
                self.served.append(found[1])
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed.append(repr(error))
                connection.close()
            if not keep:
                connection.close()
        connection.close()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them ask for the length of a block."""
        threads = [threading.Thread(target=self.visit, args=(keep,)) for keep in (True, False)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()


def fream(folder: Path, *arguments: str) -> str:
    """Run fream in a folder, as a new user types it; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "fream_compose", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not SET_BY_PROJECT.match(name)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    visitors = Visitors()
    with visitors.at_work():
        eventually(lambda: visitors.served)
        fream(place, "switch", "--version", VERSIONS[1])
        asked = len(visitors.served)
        eventually(lambda: len(visitors.served) > asked + 10)

    assert visitors.failed == []
    assert set(visitors.served[:1]) == {VERSIONS[0]}
    assert set(visitors.served[asked + 2 :]) == {VERSIONS[1]}
    assert VERSIONS[1] in fream(place, "status")
    assert web.get(f"http://127.0.0.1:{PORT}/health").text == "Ok"
    fream(place, "rollback")
    assert VERSIONS[0] in fream(place, "status")
    fream(place, "down")
    mine = f"label=com.docker.compose.project={PROJECT}"
    assert docker("ps", "--all", "--quiet", "--filter", mine) == ""
