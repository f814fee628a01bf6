"""Passwords that MySQL's data does not accept are found before the app meets them."""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import GOOD

DOWN = "127.0.0.1:1"  # a registry: nothing listens there
WRONG = "wrong " + secrets.token_urlsafe(12)


@pytest.mark.parametrize("anew", [False, True], ids=["running", "made anew"])
def test_a_password_that_the_data_does_not_accept_is_found(
    before_release: Project, anew: bool
) -> None:
    project = before_release
    with project.changed_env(MYSQL_PASSWORD=f"'{WRONG}'"):
        if anew:
            docker("rm", "-f", project.container("mysql"))
        result = project.fream("up", "infra")

    assert result.code == 3, result
    assert "ERROR 1045" in result.err
    assert "MYSQL_PASSWORD" in result.err
    assert WRONG not in result.text
    assert result.seconds < 90, result
    if anew:
        docker("rm", "-f", project.container("mysql"))
    project.succeed("up", "infra")


@pytest.mark.parametrize("name", ["MYSQL_USER", "MYSQL_DATABASE"])
def test_a_user_or_database_that_the_data_does_not_know_is_found(
    before_release: Project, name: str
) -> None:
    with before_release.changed_env(**{name: "stranger"}):
        result = before_release.fream("up", "infra")

    assert result.code == 3, result
    assert "stranger" in result.err


def test_an_image_that_cannot_be_had_is_told_like_one_of_a_release(
    before_release: Project,
) -> None:
    with before_release.changed_env(MYSQL_IMAGE=f"{DOWN}/mysql:9"):
        docker("rm", "-f", before_release.container("mysql"))
        result = before_release.fream("up", "infra")

    assert result.code == 5, result
    assert f"{DOWN} is down" in result.err
    assert "Start the registry, or correct its name in .env" in result.err
    before_release.succeed("up", "infra")


def test_another_root_password_is_a_warning(before_release: Project) -> None:
    with before_release.changed_env(MYSQL_ROOT_PASSWORD=f"'{WRONG}'"):
        docker("rm", "-f", before_release.container("mysql"))
        result = before_release.succeed("up", "infra")

    assert "MYSQL_ROOT_PASSWORD" in result.text
    assert WRONG not in result.text
    docker("rm", "-f", before_release.container("mysql"))
    assert "MYSQL_ROOT_PASSWORD" not in before_release.succeed("up", "infra").text


def test_no_password_is_on_the_command_line_of_a_process(before_release: Project) -> None:
    """Everybody on the server may list them: in hooks, one-off containers and all else."""
    project, lines, over = before_release, set(), threading.Event()

    def list_processes() -> None:
        while not over.wait(0.002):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    lines.add(path.read_bytes().replace(b"\0", b" "))

    watch = threading.Thread(target=list_processes)
    watch.start()
    try:
        project.succeed("up", "infra")
        project.switch(GOOD)
    finally:
        over.set()
        watch.join()

    env = project.env()
    found = [value for name, value in env.items() if "PASSWORD" in name]
    assert len(found) == 2
    assert any(b"docker" in line and b"compose" in line for line in lines)
    assert any(b"MYSQL_ROOT_PASSWORD" in line for line in lines)  # the question to MySQL
    assert [line for line in lines if any(value.encode() in line for value in found)] == []
