"""What TAB offers: the commands as they are, names of the project, and all of it at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from fream_compose.cli import lookups, words
from fream_compose.cli.app import app

SLOW = {"typer", "pydantic", "requests", "python_on_whales", "rich", "yaml", "pathlib", "typing"}
FREAM = Path(sys.executable).with_name("fream")
ROOT: Any = typer.main.get_command(app())
COMMANDS: dict[str, Any] = ROOT.commands
ROWS = (
    {"id": "20261123T160411Z-3f9a1c", "version": "1.0.0@sha256:1", "kind": "switch"},
    {"id": "20261124T160411Z-aa9a1c", "version": "1.0.10", "started": "then", "result": "failed"},
    {"id": "$(touch ran)-1", "version": "1;touch ran"},
    {"id": "20261125T160411Z-bb\n", "version": ["1"]},
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a history, the settings of its last run, and tags that were just asked for."""
    state = tmp_path / "shop" / "compose" / ".fream"
    state.mkdir(parents=True)
    for name in ("compose.yaml", "infra.yaml"):
        (state.parent / name).touch()
    torn = '{"id": "20261126'
    text = "\n".join([*map(json.dumps, ROWS), "[" * 100_000, "5", torn])
    (state / "history.jsonl").write_text(text)
    kept = {"services": {"worker": {}, "a b": {}}, "switch": {"tls": {"hosts": ["a.example", "*"]}}}
    (state / "settings.json").write_text(json.dumps(kept))
    (state / "tags.json").write_text(json.dumps(["1.0.9", "2.0", "-x", "`touch ran`"]))
    monkeypatch.chdir(state.parent.parent)
    monkeypatch.delenv("FREAM_PROJECT_DIR", raising=False)
    monkeypatch.setattr(lookups, "_YOUNG", 1e9)
    return state.parent.parent


def completed(*line: str) -> list[str]:
    return [word for word, _ in words.complete(list(line))]


def options_of(command: Any) -> set[str]:
    """The options that are shown, as Typer knows them."""
    shown = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    return {name for option in shown for name in (*option.opts, *option.secondary_opts)}


def test_every_command_completes() -> None:
    assert completed("") == list(COMMANDS)
    assert completed("sw") == ["switch"]
    assert completed("-C", "/srv", "sw") == ["switch"]
    assert completed("nonsense", "") == completed("nonsense") == []
    assert completed("history", "") == ["show"]


def test_the_options_before_a_command_complete() -> None:
    assert set(completed("-")) == options_of(ROOT)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_complete(name: str) -> None:
    assert set(completed(name, "-")) == options_of(COMMANDS[name])


def test_an_option_that_was_given_is_not_offered_again() -> None:
    assert completed("switch", "--hold", "--ho") == []
    assert completed("switch", "--output=json", "--outp") == []


def test_choices_complete_wherever_they_stand() -> None:
    assert completed("switch", "-o", "j") == ["json", "jsonl"]
    assert completed("status", "--output=j") == ["--output=json"]
    assert completed("certificates", "r") == ["renew"]
    assert completed("completion", "-q", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize("line", [("-C", ""), ("status", "-C", "/sr"), ("adopt", "--from", "")])
def test_folders_are_left_to_the_shell(line: tuple[str, ...]) -> None:
    assert completed(*line) == ["/"]


@pytest.mark.parametrize("line", [("switch", "--wait", ""), ("switch", "--no-way-back", "-")])
def test_for_a_value_of_which_nothing_is_known_nothing_is_offered(line: tuple[str, ...]) -> None:
    assert completed(*line) == []


@pytest.mark.usefixtures("project")
def test_names_of_the_project_complete() -> None:
    sets = ["live", "idle", "set1", "set2"]
    assert completed("logs", "") == [*sets, "nginx", "mysql", "worker"]
    assert completed("exec", "") == completed("exec", "--", "") == sets
    assert completed("exec", "live", "--", "") == []
    assert completed("up", "infra", "set") == ["set1", "set2"]
    assert completed("certificates", "renew", "") == ["a.example"]
    assert completed("certificates", "renew", "a.example", "a") == ["a.example"]


@pytest.mark.usefixtures("project")
def test_versions_of_the_project_complete_in_their_order() -> None:
    everything = ["1.0.0", "1.0.9", "1.0.10", "2.0"]

    assert completed("switch", "") == completed("rollback", "--to", "") == everything
    assert completed("switch", "--version", "1.0.1") == ["1.0.10"]
    assert completed("switch", "--version=1.0.1") == ["--version=1.0.10"]


@pytest.mark.usefixtures("project")
def test_ids_complete_with_what_they_were_the_newest_first() -> None:
    short = words.complete(["history", "show", ""])

    assert short == [("aa9a1c", "then 1.0.10 failed"), ("3f9a1c", "switch 1.0.0")]
    assert completed("history", "show", "20261123") == ["20261123T160411Z-3f9a1c"]


def test_the_project_is_the_one_that_the_line_names(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert completed("switch", "-C", str(project), "2") == ["2.0"]
    assert completed(f"--project-directory={project}", "switch", "2") == ["2.0"]
    monkeypatch.setenv("HOME", str(project.parent))
    assert completed("-C", "~/shop/compose", "switch", "2") == ["2.0"]
    monkeypatch.setenv("FREAM_PROJECT_DIR", str(project))
    assert completed("switch", "2") == ["2.0"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", [""]),
        ("fream ", ["fream", ""]),
        ("fream  -C '/srv/my shop'  sw", ["fream", "-C", "/srv/my shop", "sw"]),
        ('fream -C "/srv/my', ["fream", "-C", "/srv/my"]),
        ("fream -C /srv/my\\ shop", ["fream", "-C", "/srv/my shop"]),
        ('"a\\"b" \'c\\\' \\', ['a"b', "c\\", ""]),
    ],
)
def test_a_line_is_split_as_the_shell_does(line: str, found: list[str]) -> None:
    assert words.split(line) == found


def asked(*line: str, **environment: str) -> tuple[str, set[str]]:
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
    printed, modules = asked("--version")

    assert printed.startswith("fream ")
    assert modules.isdisjoint(SLOW)


def test_bash_gets_what_it_will_put_in_place_of_the_part_behind_a_sign() -> None:
    printed, _ = asked("fream switch --output=j", "j", _FREAM_COMPLETE="line")

    assert printed.split() == ["json", "jsonl"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("line", [("switch", "--dr"), ("history", "show", ""), ("logs", "n")])
def test_tab_imports_nothing_that_is_slow(line: tuple[str, ...]) -> None:
    printed, modules = asked(*line, _FREAM_COMPLETE="words")

    assert printed
    assert modules.isdisjoint(SLOW - {"typing"})


def test_a_script_that_an_earlier_fream_printed_is_told_nothing() -> None:
    old = {"COMP_WORDS": "fream sw", "COMP_CWORD": "1"}

    assert asked(_FREAM_COMPLETE="complete_bash", **old)[0] == ""
