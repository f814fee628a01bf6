"""What the README promises exists: its commands, its exit codes, its settings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from fream_compose import errors
from fream_compose.cli import app
from fream_compose.settings import SwitchSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "compose" / ".env.example").read_text(encoding="utf-8")
# Values that are shown as placeholders in a command line.
WORDS = {"V": "1.0.0", "ID": "485547", "DIR": "shop", "N": "3"}


def command_lines() -> list[str]:
    """Every fream command in the README's code, without output and remarks."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", README, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    found = [line.partition("#")[0].strip() for line in lines if line.startswith("fream ")]
    inline = re.findall(r"`(fream [^`|…]+)`", README)
    optional = re.compile(r"\[[^\]]*\]")
    return sorted({optional.sub("", line).strip() for line in [*found, *inline]})


def understand(group: Any, context: Any) -> None:
    """Parse a command line as fream does, without running anything."""
    while rest := [*context._protected_args, *context.args]:
        command = group.get_command(context, rest[0])
        assert command, f"{rest[0]} is no command"
        context = command.make_context(rest[0], rest[1:], parent=context)
        if not hasattr(command, "commands"):
            return
        group = command


def exit_codes() -> set[int]:
    table = README.partition("### Exit codes")[2].partition("###")[0]
    return {
        int(code)
        for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
        for code in row.split(",")
    }


def kinds(kind: type[errors.FreamError]) -> set[int]:
    return {kind.exit_code}.union(*(kinds(inner) for inner in kind.__subclasses__()))


@pytest.mark.parametrize("line", command_lines())
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    words = [WORDS.get(word, word) for word in shlex.split(line)[1:]]
    group: Any = typer.main.get_command(app)

    try:
        understand(group, group.make_context("fream", list(words)))
    except Exception as error:
        # A mention in a sentence may leave out what the command needs.
        if type(error).__name__ != "MissingParameter":
            raise


def test_the_readme_has_commands_to_try() -> None:
    assert len(command_lines()) > 20


def test_the_table_of_exit_codes_is_that_of_the_code() -> None:
    interrupted = {errors.InterruptedRun(signum).exit_code for signum in (1, 2, 15)}

    assert exit_codes() == {0} | kinds(errors.FreamError) | interrupted


def test_every_exit_code_is_in_the_help() -> None:
    epilog = str(app.info.epilog)

    assert all(re.search(rf"\b{code}\b", epilog) for code in exit_codes())


def test_every_variable_of_the_readme_is_in_the_example_and_the_other_way_round() -> None:
    table = README.partition("### Settings")[2].partition("In `x-fream` only")[0]
    told = {
        name
        for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
        for name in re.findall(r"`([A-Z0-9_]+)`", row)
    }
    listed = set(re.findall(r"^#?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))

    assert told == listed - {"COMPOSE_PROFILES", "SET1_VERSION", "SET2_VERSION"}


def test_every_variable_of_the_example_is_used_and_none_is_missing() -> None:
    files = [
        (ROOT / "compose" / f"{name}.yaml").read_text() for name in ("compose", "infra", "app")
    ]
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", "".join(files))) - {"COMPOSE_PROJECT_NAME"}
    listed = set(re.findall(r"^#?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))

    assert used == listed - {"COMPOSE_PROFILES"}


def test_the_annotated_compose_file_shows_every_setting() -> None:
    shown = yaml.safe_load((ROOT / "compose" / "compose.yaml").read_text())["x-fream"]

    assert set(shown) == set(SwitchSettings.model_fields)
    for name in ("health", "warm_up", "cut_over", "drain", "hooks", "hold"):
        model: Any = SwitchSettings.model_fields[name].annotation
        assert set(shown[name]) == set(model.model_fields), name
