"""Going down, and coming back."""

from __future__ import annotations

import hashlib
import secrets

from tests.e2e import web
from tests.e2e.docker import docker
from tests.e2e.project import Project


def of_project(project: Project, kind: str) -> list[str]:
    """The networks or volumes of a project."""
    mine = f"label=com.docker.compose.project={project.name}"
    return docker(kind, "ls", "-q", "--filter", mine).split()


def test_what_was_stored_is_there_after_down_and_up_and_the_release_serves(live: Project) -> None:
    body = secrets.token_bytes(100)
    assert web.post(f"{live.url}/orders", body).status_code == 201
    version, was_live = live.version(), live.live()
    live.succeed("down")
    assert live.containers() == {}
    live.succeed("up")
    assert live.version() == version
    assert live.live() == was_live
    stored = live.query("SELECT body_sha256 FROM orders ORDER BY id DESC LIMIT 1")
    assert stored == hashlib.sha256(body).hexdigest()


def test_down_removes_both_sets_and_keeps_the_data(live: Project) -> None:
    live.switch("1.0.0")
    live.switch("1.0.0")
    idle = live.idle_set
    live.compose("--profile", idle, "up", "--detach", idle)
    assert set(live.running()) == {"mysql", "nginx", "set1", "set2"}
    live.succeed("down")
    assert live.containers() == {}
    assert of_project(live, "network") == []
    assert len(of_project(live, "volume")) == 1


def test_the_data_is_not_removed_unless_somebody_says_yes(live: Project) -> None:
    before = live.picture()
    result = live.fream("down", "--volumes")
    assert result.code == 2, result
    assert "--yes" in result.err
    assert live.picture() == before


def test_down_with_volumes_removes_the_data(live: Project) -> None:
    live.succeed("down", "--volumes", "--yes")
    assert live.containers() == {}
    assert of_project(live, "volume") == []


def test_down_of_what_is_down_is_fine(other_project: Project) -> None:
    other_project.succeed("down")
    assert other_project.containers() == {}
