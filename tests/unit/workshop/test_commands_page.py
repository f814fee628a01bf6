"""docs/commands.md is the command line that there is: commands, options, exit codes, steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pytest

from fream_compose import errors
from fream_compose.cli.app import app
from fream_compose.project.x_fream import Hooks
from fream_compose.step_ids import StepId
from tests.unit.workshop.pages import PAGES, code, command_line, rows

PAGE = PAGES["docs/commands.md"]
SHARED = "## Options of every command"
OF_RUNS = "### Options of commands that change something"
OPTION = re.compile(r"--?[a-zA-Z][a-z-]*")


def commands(group: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command and those inside it, by the words that call it."""
    for name, command in (group or command_line()).commands.items():
        yield f"{before}{name}", command
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")


def told(text: str) -> set[str]:
    """The options in the first cells of a text's tables."""
    cells = [span for row in rows(text) for span in code(row[0])]
    return {name for span in cells for name in OPTION.findall(span.partition(" ")[0])}


def options_of(command: Any) -> set[str]:
    """What a command's help lists."""
    own = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    return {name for each in own for name in (*each.opts, *each.secondary_opts)}


def of_runs() -> set[str]:
    """The options of commands that change something."""
    return told(PAGE.section(OF_RUNS))


def shared() -> set[str]:
    """The options of every command."""
    return told(PAGE.section(SHARED)) - of_runs() - {"--version"}


def section_of(name: str) -> str:
    return PAGE.section(f"## fream {name.split()[0]}")


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    headings = [
        line.removeprefix("fream ") for line in PAGE.headings() if line.startswith("fream ")
    ]

    assert sorted(headings) == sorted(command_line().commands)
    assert set(re.findall(r"\]\(#fream-(\w+)\)", PAGE.text.partition(SHARED)[0])) == set(headings)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_a_command_within_another_is_shown(name: str) -> None:
    assert re.search(rf"`fream {name}\b", section_of(name))


@pytest.mark.parametrize("name", sorted(command_line().commands))
def test_the_options_of_a_command_are_those_of_its_help(name: str) -> None:
    inside = {each for each in dict(commands()) if each.split()[0] == name}
    there = set().union(*(options_of(dict(commands())[each]) for each in inside))

    assert told(section_of(name)) == there - shared() - of_runs()


def test_the_options_of_commands_that_change_something_are_those() -> None:
    those = [options_of(command) for _, command in commands() if "--wait" in options_of(command)]

    assert len(those) > 7
    assert set.union(*those) >= of_runs() <= options_of(command_line().commands["switch"])


def test_the_options_of_every_command_are_those() -> None:
    main = {name for each in command_line().params for name in each.opts}
    of_all = set.intersection(*(options_of(command) for _, command in commands()))
    own = {"-o", "--output", "-h", "--help"}  # of no group, and Click's

    assert shared() - own == of_all
    assert shared() | {"--version"} == main | of_all | own


def kinds(kind: type[errors.FreamError]) -> set[int]:
    return {kind.exit_code}.union(*(kinds(inner) for inner in kind.__subclasses__()))


def exit_codes() -> set[int]:
    return {
        int(number) for row in rows(PAGE.section("## Exit codes")) for number in row[0].split(",")
    }


def test_the_table_of_exit_codes_is_that_of_the_program() -> None:
    interrupted = {errors.InterruptedRun(signum).exit_code for signum in (1, 2, 15)}

    assert exit_codes() == {0} | kinds(errors.FreamError) | interrupted


def test_every_exit_code_is_in_the_help() -> None:
    assert {int(word) for word in re.findall(r"\b\d+\b", str(app().info.epilog))} == exit_codes()


@pytest.mark.parametrize("name", sorted(command_line().commands))
def test_a_section_names_exit_codes_that_there_are(name: str) -> None:
    sentences = re.findall(r"Exit codes: ([^.]*)", section_of(name))
    named = {
        int(word) for text in sentences for word in re.findall(r"(?<![\w.])\d+(?![\w.])", text)
    }

    assert named <= exit_codes()


def test_the_help_fits_a_screen_and_names_the_pages() -> None:
    from typer.testing import CliRunner

    shown = CliRunner().invoke(app(), ["--help"]).output

    assert len(shown.splitlines()) <= 50
    assert "docs/commands.md" in shown
    assert "docs/settings.md" in shown


def test_the_steps_of_a_switch_are_told_in_their_order() -> None:
    named = [row[0] for row in rows(PAGE.section("### What a switch does")) if row[0]]
    seldom = (*Hooks.model_fields, StepId.WAIT, StepId.REMOVE_WARM)
    of_a_switch = takewhile(lambda step: step is not StepId.WAIT_FOR_RUN, StepId)
    own = [step for step in of_a_switch if step not in seldom]
    names = [row.removeprefix("look ").replace(" ", "-") for row in named]

    assert [name for name in names if name in own] == own
    assert set(names) - set(own) == {"repair", "evidence"}
