"""What is wrong in the project's files is said before anything is touched."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.stories.project import Project
from tests.stories.releases import GOOD


def _no_env(project: Project) -> None:
    project.env_path.unlink()


def _empty_password(project: Project) -> None:
    project.set_env(MYSQL_PASSWORD="")


def _empty_root_password(project: Project) -> None:
    project.set_env(MYSQL_ROOT_PASSWORD="")


def _edit(old: str, new: str) -> Callable[[Project], None]:
    def edit(project: Project) -> None:
        path = project.env_path.parent / "compose.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


MISTAKES = {
    "no .env": (_no_env, ".env"),
    "an empty password": (_empty_password, "MYSQL_PASSWORD"),
    "an empty root password": (_empty_root_password, "MYSQL_ROOT_PASSWORD"),
    "an unknown key": (_edit("successes: 2", "sucesses: 2"), "x-fream.health.sucesses"),
    "a duration without unit": (
        _edit("interval: 100ms", "interval: 200"),
        "x-fream.health.interval",
    ),
    "no YAML": (_edit("x-fream:", "x-fream: ["), "yaml: line"),
}


@pytest.mark.parametrize("command", ["up", "switch --version 1.0.0"])
@pytest.mark.parametrize(("spoil", "named"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_settings_is_named_and_nothing_changes(
    other_project: Project, spoil: Callable[[Project], None], named: str, command: str
) -> None:
    spoil(other_project)
    before = other_project.picture()
    result = other_project.fream(*command.split())
    assert result.code == 3, result
    assert named in result.err
    assert "Traceback" not in result.err
    assert other_project.picture() == before


def test_a_folder_without_a_project_is_refused(other_project: Project) -> None:
    result = other_project.fream("-C", str(other_project.folder.parent), "status")
    assert result.code == 3, result
    assert "compose.yaml" in result.err


@pytest.mark.parametrize("variable", ["HTTP_PORT", "HTTP_ALT_PORT", "CONTROL_PORT", "MYSQL_PORT"])
def test_a_port_in_use_is_named_with_its_variable_before_infra_starts(
    other_project: Project, variable: str
) -> None:
    port = int(other_project.env()[variable].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        result = other_project.fream("up", "infra")
    assert result.code == 3, result
    assert str(port) in result.err
    assert variable in result.err
    assert other_project.containers() == {}


def test_foreign_bytes_in_a_comment_stop_nothing_and_survive(released: Project) -> None:
    comment = b"# caf\xe9 \xff\r\n"
    before = released.env_path.read_bytes()
    released.env_path.write_bytes(comment + before)
    try:
        released.switch(GOOD)
        released.succeed("status")

        assert released.env_path.read_bytes().startswith(comment)
    finally:
        released.env_path.write_bytes(released.env_path.read_bytes().removeprefix(comment))
