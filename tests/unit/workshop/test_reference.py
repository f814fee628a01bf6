"""The man page and the words of TAB are those of the commands as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fream_compose.cli.app import COMMANDS
from fream_compose.cli.machine import succeeded
from script.made.__main__ import made
from script.made.man import ENVIRONMENT, FILES, text
from script.made.tree import Command, tree
from tests import schema
from tests.unit.release_report import examples

ROOT = Path(__file__).parents[3]
PAGE = text(tree())


def every(command: Command) -> list[Command]:
    return [command, *(each for inner in command.commands.values() for each in every(inner))]


@pytest.mark.parametrize("path", made(), ids=lambda path: path.name)
def test_what_is_made_from_the_help_is_as_it_was_written(path: Path) -> None:
    assert path.read_text("utf-8") == made()[path], "run script/reference"


def test_the_page_has_every_command_and_option() -> None:
    names = {command.words for command in every(tree())}
    options = {name for command in every(tree()) for each in command.options for name in each.names}

    assert set(COMMANDS) <= {words.split()[-1] for words in names} | {"history", "plugin"}
    for word in (names - {"fream"}) | options | ENVIRONMENT.keys() | FILES.keys():
        assert word.replace("-", "\\-") in PAGE


@pytest.mark.parametrize("heading", ["NAME", "EXIT STATUS", "EXAMPLES", "FILES", "ENVIRONMENT"])
def test_the_page_has_its_sections(heading: str) -> None:
    assert f"\n.SH {heading}\n" in PAGE


def test_every_exit_code_is_in_the_page() -> None:
    for code in ("0", "4", "11", "129, 130, 143"):
        assert f"\n\\fB{code}\\fR\n" in PAGE


def test_a_release_with_traffic_is_told_as_its_schema_says() -> None:
    release = {"set": "set2", "version": "1.4.2", "switch": "20261127T110933Z-ab12cd"}
    result = {"live": release, "replaced": None, "seconds": 20.1, "no_way_back": ""} | {
        "evidence": examples.good().run.evidence,
        "by": "anna",
        "note": "",
        "warnings": [],
    }

    told = schema.holds(json.dumps(succeeded("switch", result)))

    assert told["result"]["evidence"]["after"]["requests"] > 0
