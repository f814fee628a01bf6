"""Going down, and coming back."""

from __future__ import annotations

import hashlib
import secrets

from tests.stories import web
from tests.stories.docker import docker
from tests.stories.project import Project


def of_project(project: Project, kind: str) -> list[str]:
    """The networks or volumes of a project."""
    mine = f"label=com.docker.compose.project={project.name}"
    return docker(kind, "ls", "-q", "--filter", mine).split()


def test_what_was_stored_is_there_after_down_and_up_and_the_release_serves(
    released: Project,
) -> None:
    body = secrets.token_bytes(100)
    assert web.post(f"{released.url}/orders", body).status_code == 201
    version, was_live = released.version(), released.live()
    released.succeed("down")
    assert released.containers() == {}
    released.succeed("up")
    assert released.version() == version
    assert released.live() == was_live
    stored = released.query("SELECT body_sha256 FROM orders ORDER BY id DESC LIMIT 1")
    assert stored == hashlib.sha256(body).hexdigest()


def test_down_removes_both_sets_and_keeps_the_data(released: Project) -> None:
    released.switch("1.0.0")
    released.switch("1.0.0")
    idle = released.idle_set
    released.compose("--profile", idle, "up", "--detach", idle)
    assert set(released.running()) == {"mysql", "nginx", "set1", "set2"}
    released.succeed("down")
    assert released.containers() == {}
    assert of_project(released, "network") == []
    assert len(of_project(released, "volume")) == 1


def test_the_data_is_not_removed_unless_somebody_says_yes(released: Project) -> None:
    before = released.picture()
    result = released.fream("down", "--volumes")
    assert result.code == 2, result
    assert "--yes" in result.err
    assert released.picture() == before


def test_down_with_volumes_removes_the_data(released: Project) -> None:
    released.succeed("down", "--volumes", "--yes")
    assert released.containers() == {}
    assert of_project(released, "volume") == []


def test_down_of_what_is_down_is_fine(other_project: Project) -> None:
    other_project.succeed("down")
    assert other_project.containers() == {}
