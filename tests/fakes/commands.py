"""Commands in a project whose containers are fakes: fixtures of their tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from typer.testing import CliRunner, Result

from fream_compose.cli.app import app
from fream_compose.cli.machine import asked_for_json
from fream_compose.docker.project import Project
from tests import schema
from tests.fakes import Stage

Fream = Callable[..., Result]


class Became(SystemExit):
    """What would have replaced fream's process."""


@pytest.fixture
def fream(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Fream:
    """Runs a command in a project whose containers are fakes."""

    def opened(*_: object) -> Project:
        return stage.project

    for name in ("compose.yaml", "infra.yaml"):
        (stage.settings.compose_directory / name).touch()
    monkeypatch.setattr("fream_compose.docker.project.open_project", opened)
    monkeypatch.setattr(stage.project, "template", lambda: stage.config)
    monkeypatch.setenv("FREAM_PROJECT_DIR", str(stage.settings.compose_directory.parent))

    def run(*arguments: str, **options: Any) -> Result:
        told = CliRunner().invoke(app(), list(arguments), catch_exceptions=False, **options)
        if asked_for_json([*arguments]):
            for line in told.stdout.splitlines():
                schema.holds(line)
        return told

    return run


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that fream's process has become; each ends with 7."""
    lines: list[list[str]] = []

    def exec_(_file: str, line: list[str]) -> NoReturn:
        lines.append(line)
        raise Became(7)

    monkeypatch.setattr("fream_compose.docker.reads.os.execvp", exec_)
    return lines
