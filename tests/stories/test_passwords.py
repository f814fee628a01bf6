"""Passwords that MySQL's data does not accept are found before the app meets them."""

from __future__ import annotations

import secrets

import pytest

from tests.stories.docker import docker
from tests.stories.project import Project

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
    assert result.seconds < 40, result
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


def test_another_root_password_is_a_warning(before_release: Project) -> None:
    with before_release.changed_env(MYSQL_ROOT_PASSWORD=f"'{WRONG}'"):
        docker("rm", "-f", before_release.container("mysql"))
        result = before_release.succeed("up", "infra")

    assert "MYSQL_ROOT_PASSWORD" in result.text
    assert WRONG not in result.text
    docker("rm", "-f", before_release.container("mysql"))
    assert "MYSQL_ROOT_PASSWORD" not in before_release.succeed("up", "infra").text
