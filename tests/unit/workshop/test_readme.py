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
from fream_compose.cli.app import app
from fream_compose.operations import left_hook
from fream_compose.operations.hooks import variables
from fream_compose.operations.steps import StepId
from fream_compose.project.history import Kind
from fream_compose.project.x_fream import Hook, Hooks, SwitchSettings
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Stage

ROOT = Path(__file__).parents[3]
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


def section(heading: str) -> str:
    """What the README says under a heading, up to the next one."""
    text = README.partition(f"{heading}\n")[2]
    assert text, f"there is no {heading!r}"
    return re.split(r"^#{2,4} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def options_of(command: Any) -> set[str]:
    """Every option of a command and of those inside it."""
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*(options_of(inner) for inner in getattr(command, "commands", {}).values()))


def defaults() -> dict[str, str]:
    """What the Compose files take for a variable that is not set."""
    files = [(ROOT / "compose" / f"{name}.yaml").read_text() for name in ("infra", "app")]
    pairs = r"\$\{([A-Z0-9_]+):-([^${}]*)\}"
    return dict(re.findall(pairs, "".join([*files, yaml.safe_dump(shown_settings())])))


def shown_settings() -> dict[str, Any]:
    """The annotated `x-fream` block."""
    text = (ROOT / "compose" / "compose.yaml").read_text()
    shown: dict[str, Any] = yaml.safe_load(text)["x-fream"]
    return shown


def exit_codes() -> set[int]:
    table = section("### Exit codes")
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
    group: Any = typer.main.get_command(app())

    try:
        understand(group, group.make_context("fream", list(words)))
    except Exception as error:
        # A mention in a sentence may leave out what the command needs.
        if type(error).__name__ != "MissingParameter":
            raise


def test_the_readme_has_commands_to_try() -> None:
    assert len(command_lines()) > 20


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    group: Any = typer.main.get_command(app())
    rows = re.findall(r"^\| (.*?) \| ", section("### Commands"), re.MULTILINE)

    assert set(re.findall(r"`fream (\w+)", "".join(rows))) == set(group.commands)


def test_an_option_that_the_readme_mentions_exists() -> None:
    group: Any = typer.main.get_command(app())
    told = set(re.findall(r"`(-{1,2}[a-zA-Z][a-z-]*)[^`]*`", README))

    assert {"--skip-hooks", "--yes", "-C"} <= told <= options_of(group)


def test_what_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_steps_of_a_switch_are_told_in_their_order() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \|", section("## What a switch does"), re.MULTILINE)
    own = [step for step in StepId if step not in (*Hooks.model_fields, StepId.REMOVE_WARM)]
    names = [row.removeprefix("look ").replace(" ", "-") for row in rows]

    assert [name for name in names if name in own] == own
    assert set(names) - set(own) == {"step", "repair", "evidence"}


def test_the_table_of_exit_codes_is_that_of_the_code() -> None:
    interrupted = {errors.InterruptedRun(signum).exit_code for signum in (1, 2, 15)}

    assert exit_codes() == {0} | kinds(errors.FreamError) | interrupted


def test_every_exit_code_is_in_the_help() -> None:
    epilog = str(app().info.epilog)

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


def test_the_defaults_of_the_readme_are_those_of_the_compose_files() -> None:
    rows = re.findall(r"^\| (`.*?) \| (`.*?) \|", section("### Settings"), re.MULTILINE)
    cells = [[re.findall(r"`(.*?)`", cell) for cell in row] for row in rows]
    told = dict(
        pair
        for names, values in cells
        if len(names) == len(values)
        for pair in zip(names, values, strict=True)
    )

    assert len(told) > 15
    assert {name: defaults()[name] for name in told} == told


def test_every_variable_of_the_example_is_used_and_none_is_missing() -> None:
    files = [
        (ROOT / "compose" / f"{name}.yaml").read_text() for name in ("compose", "infra", "app")
    ]
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", "".join(files))) - {"COMPOSE_PROJECT_NAME"}
    listed = set(re.findall(r"^#?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))

    assert used == listed - {"COMPOSE_PROFILES"}


def test_the_annotated_compose_file_shows_every_setting() -> None:
    shown = shown_settings()

    assert set(shown) == set(SwitchSettings.model_fields)
    for name in ("health", "warm_up", "cut_over", "guard", "drain", "hooks", "hold"):
        model: Any = SwitchSettings.model_fields[name].annotation
        assert set(shown[name]) == set(model.model_fields), name


def test_what_no_variable_sets_is_named() -> None:
    sentence = README.partition("In `x-fream` only: ")[2].partition("\n")[0]
    fixed = {
        name
        for key, value in shown_settings().items()
        if isinstance(value, dict) and key not in ("required", "hooks")
        for name, inner in value.items()
        if "${" not in str(inner)
    }

    told = set(re.findall(r"`(?:\w+\.)?(\w+)`", sentence))

    assert told - {"health", "warm_up", "secrets"} == fixed | {"hooks"}


def test_the_hooks_of_the_readme_are_ones() -> None:
    text = section("### Your own commands: hooks")
    example = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]
    found = Hooks.model_validate(yaml.safe_load(example)["hooks"])

    assert all(getattr(found, moment) for moment in Hooks.model_fields)
    known = {field.alias or name for name, field in Hook.model_fields.items()}
    assert {name for name in known if not re.search(rf"\b{name}\b", text)} == set()


def test_every_variable_of_a_hook_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    release = LiveRelease(SetName.SET1, Version("1.0.0"), "20261123T160000Z-000001")
    found = variables("before_start", stage.project, release, None, Kind.SWITCH)
    stage.project.close()

    told = set(re.findall(r"`(FREAM_\w+)`", section("### Your own commands: hooks")))

    assert told == set(found) - {left_hook.MARK}
