"""MySQL's and nginx's images by digest: what .env names is what runs, whatever the tag becomes."""

from __future__ import annotations

import pytest

from tests.stories.docker import docker, inspect
from tests.stories.project import Project
from tests.stories.releases import LABEL, Releases, machine_images
from tests.stories.test_care import verdicts


@pytest.fixture(params=["{name}:1.0@{digest}", "{name}@{digest}"])
def pinned(request: pytest.FixtureRequest, releases: Releases) -> str:
    """nginx's image in a registry, named by its digest; its tag is another image since."""
    name = f"{releases.registry}/nginx"
    recipe = f"FROM {machine_images()['NGINX_IMAGE']}\nLABEL {LABEL}=1 pin=%s"
    found = ""
    for pin in ("1", "2"):
        docker("build", "--quiet", "--tag", f"{name}:1.0", "-", stdin=recipe % pin)
        docker("push", "--quiet", f"{name}:1.0")
        digests = inspect(f"{name}:1.0")["RepoDigests"]
        found = found or next(d.partition("@")[2] for d in digests if d.startswith(f"{name}@"))
    docker("image", "rm", "--force", f"{name}:1.0")
    return str(request.param).format(name=name, digest=found)


def test_an_image_by_its_digest_is_what_runs_and_everything_is_in_order(
    released: Project, pinned: str
) -> None:
    with released.changed_env(NGINX_IMAGE=pinned):
        released.succeed("up", "infra", "--recreate")

        running = inspect(released.container("nginx"))
        assert running["Config"]["Image"] == pinned
        assert running["Config"]["Labels"]["pin"] == "1"
        found = verdicts(released.succeed("doctor", "--output", "json").out)
        assert "fails" not in found.values()
        assert found["drift"] == "ok"
        assert pinned in released.succeed("status").out
        released.switch(released.version())
    released.succeed("up", "infra", "--recreate")
