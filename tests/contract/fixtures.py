"""Each obligation is asked of the fakes and of the real thing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose.release import SetName
from tests.contract.worlds import FakeWorld, RealWorld, World, images


@pytest.fixture(scope="session")
def real_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorld]:
    """One nginx for all tests: it starts once."""
    if not images():
        pytest.fail("script/bootstrap has not chosen the images yet")
    before = dict(os.environ)
    made = RealWorld(tmp_path_factory.mktemp("real"))
    yield made
    made.close()
    os.environ.update(before)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.e2e)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A project in which nginx runs, nothing is live, and no set has a container."""
    if request.param == "fake":
        fake = FakeWorld(tmp_path)
        yield fake
        fake.close()
        return
    real: RealWorld = request.getfixturevalue("real_world")
    yield real
    for extra in real.project.settings.nginx_directory.glob("site.d/*.conf"):
        extra.unlink()
    if real.proxy.state().live:
        real.proxy.serve(None, 10)
    for name in SetName:
        real.project.compose.remove(name)
