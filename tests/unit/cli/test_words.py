"""What bash completes without Typer is what Typer would complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from fream_compose.cli import words
from fream_compose.cli.app import app

SLOW = {"typer", "pydantic", "requests", "python_on_whales", "rich", "yaml"}
FREAM = Path(sys.executable).with_name("fream")
COMMANDS: dict[str, Any] = vars(typer.main.get_command(app()))["commands"]


def options_of(command: Any) -> list[str]:
    """The options that are shown, as Typer knows them."""
    shown = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    return [name for option in shown for name in (*option.opts, *option.secondary_opts)]


def completed(*line: str) -> list[str] | None:
    return words.complete(["fream", *line], len(line))


def test_every_command_completes() -> None:
    assert completed("") == list(COMMANDS)
    assert completed("sw") == ["switch"]
    assert completed("nonsense") == []


def test_the_options_before_a_command_complete() -> None:
    root: Any = typer.main.get_command(app())

    assert completed("-") == options_of(root)


@pytest.mark.parametrize("name", [n for n, c in COMMANDS.items() if not hasattr(c, "commands")])
def test_the_options_of_a_command_complete(name: str) -> None:
    assert completed(name, "-") == options_of(COMMANDS[name])


def test_an_option_that_was_given_is_not_completed_again() -> None:
    assert completed("switch", "--hold", "--ho") == []


@pytest.mark.parametrize(
    "line", [("switch", ""), ("history", "s"), ("-C", "/srv", "sw"), ("plugin", "-"), ("gone", "-")]
)
def test_what_needs_more_is_left_to_typer(line: tuple[str, ...]) -> None:
    assert completed(*line) is None


def imported(*line: str, **environment: str) -> tuple[str, set[str]]:
    """What a run prints, and the modules that it imports."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", FREAM, *line],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {row.rpartition("|")[2].strip() for row in run.stderr.splitlines()}
    return run.stdout, modules


def test_the_version_is_said_without_anything_that_is_slow() -> None:
    printed, modules = imported("--version")

    assert printed.startswith("fream ")
    assert modules.isdisjoint(SLOW)


def test_tab_imports_nothing_that_is_slow() -> None:
    bash = {"_FREAM_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    printed, modules = imported(COMP_WORDS="fream switch --dr", **bash)

    assert printed.split() == ["--dry-run"]
    assert modules.isdisjoint(SLOW)
