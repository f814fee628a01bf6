"""Options work where people type them: before a command, after it, and between nested ones."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer
from typer.testing import CliRunner, Result

from fream_compose.cli.app import app
from fream_compose.cli.exec import apart
from fream_compose.cli.words import complete
from fream_compose.docker.project import Project
from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream

SHARED = {"--project-directory", "-C", "--quiet", "-q", "--verbose", "--utc"}


@pytest.fixture
def fream(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Fream:
    """Runs a command whose project is found only where the command line says that it is."""

    def opened(directory: Path, *_: object) -> Project:
        assert directory == stage.settings.compose_directory
        return stage.project

    for name in ("compose.yaml", "infra.yaml"):
        (stage.settings.compose_directory / name).touch()
    monkeypatch.setattr("fream_compose.docker.project.open_project", opened)
    monkeypatch.delenv("FREAM_PROJECT_DIR", raising=False)
    elsewhere = stage.settings.compose_directory.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir("/")

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(app(), list(arguments), catch_exceptions=False, **options)

    return run


@pytest.fixture
def place(stage: Stage) -> str:
    return str(stage.settings.compose_directory.parent)


@pytest.fixture
def _loggers() -> Iterator[None]:
    """The loggers as they were."""
    names = ("fream_compose", "python_on_whales")
    before = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def every_command(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), command
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, (*path, name))


COMMANDS = dict(every_command(typer.main.get_command(app())))


def test_there_are_commands_and_nested_ones() -> None:
    assert {"", "switch", "history show", "plugin install"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_the_shared_options_once_and_last(name: str) -> None:
    result = CliRunner().invoke(app(), [*name.split(), "--help"])

    options = result.stdout.partition("Options:\n")[2].partition("\n\n")[0]
    shown = [line.split()[0].rstrip(",") for line in options.splitlines() if line[:3] == "  -"]
    known = [each for option in COMMANDS[name].params for each in option.opts]
    last = ["-C", "-q", "--verbose", "--utc", *([] if name else ["--version"]), "-h"]
    if "--wait" in known:
        last.insert(3, "--timestamps")
    assert shown[-len(last) :] == last
    assert [known.count(each) for each in SHARED] == [1] * len(SHARED)


def test_the_folder_counts_before_and_after_the_command(fream: Fream, place: str) -> None:
    assert fream("status").exit_code == 3
    for words in (
        ["-C", place, "status"],
        ["status", "-C", place],
        ["status", "--project-directory", place, "-o", "json"],
        ["-C", place, "history"],
        ["history", "-C", place],
    ):
        assert fream(*words).exit_code == 0, words


def test_the_folder_counts_at_every_level_and_the_innermost_wins(
    stage: Stage, fream: Fream, place: str
) -> None:
    stage.switch("1.0.0")
    identifier = stage.history.entries()[0].id
    wrong = str(Path(place) / "elsewhere")
    for words in (
        ["-C", place, "history", "show", identifier],
        ["history", "-C", place, "show", identifier],
        ["history", "show", "-C", place, identifier],
        ["history", "show", identifier, "-C", place],
        ["-C", wrong, "history", "show", identifier, "-C", place],
    ):
        assert fream(*words).exit_code == 0, words
    assert fream("-C", place, "status", "-C", wrong).exit_code == 3


def test_the_option_wins_over_the_environment_wherever_it_stands(
    fream: Fream, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREAM_PROJECT_DIR", str(Path(place) / "elsewhere"))
    assert fream("status").exit_code == 3
    assert fream("-C", place, "status").exit_code == 0
    assert fream("status", "-C", place).exit_code == 0

    monkeypatch.setenv("FREAM_PROJECT_DIR", place)
    assert fream("status").exit_code == 0


@pytest.mark.parametrize("before", [True, False])
def test_quiet_says_only_how_it_ended_and_is_forgotten_by_the_next_run(
    fream: Fream, place: str, before: bool
) -> None:
    words = ("switch", "-C", place, "1.0.0")
    quiet = fream(*(("-q", *words) if before else (*words, "-q")))

    assert quiet.exit_code == 0
    assert len(quiet.stdout.splitlines()) == 1
    assert quiet.stdout.startswith("1.0.0 ")
    assert len(fream("switch", "-C", place, "1.0.1").stdout.splitlines()) > 5


@pytest.mark.parametrize("words", [("--verbose", "status"), ("status", "--verbose")])
@pytest.mark.usefixtures("_loggers")
def test_verbose_says_what_docker_is_asked(
    fream: Fream, place: str, words: tuple[str, ...]
) -> None:
    fream(*words, "-C", place)

    assert logging.getLogger("fream_compose").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("python_on_whales").isEnabledFor(logging.DEBUG)


def test_an_option_of_the_command_keeps_its_meaning(fream: Fream, place: str) -> None:
    assert fream("--version").stdout.startswith("fream ")
    assert fream("switch", "--version", "1.0.0", "-C", place).exit_code == 0
    assert fream("switch", "-v", "1.0.1", "-C", place).exit_code == 0
    assert fream("status", "--version", "-C", place).exit_code == 2


# --- TAB ---


def completed(*words: str) -> list[str]:
    """What is offered for the last word."""
    return [word for word, _ in complete(list(words))]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_shared_options_complete_at_every_command(name: str) -> None:
    assert {each for each in SHARED if each[:2] == "--"} <= set(completed(*name.split(), "--"))


@pytest.mark.usefixtures("fream")
@pytest.mark.parametrize(
    "words",
    [
        ("-C", "{}", "switch", "--version", "1"),
        ("switch", "-C", "{}", "--version", "1"),
        ("switch", "-C", "{}", "1"),
        ("rollback", "-C", "{}", "--to", "1"),
    ],
)
def test_versions_are_those_of_the_project_that_the_line_names(
    place: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def known(directory: Path) -> list[str]:
        return ["1.0.0", "2.0.0"] if directory == Path(place, "compose") else ["1.6.6"]

    monkeypatch.setattr("fream_compose.operations.versions.versions", known)

    assert completed(*(word.format(place) for word in words)) == ["1.0.0"]


# --- exec: what stands behind the set belongs to the user's command ---


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["live", "--", "sh", "-q"], ["sh", "-q"]),
        (["live", "ls", "-q"], ["ls", "-q"]),
        (["live", "ls", "--help"], ["ls", "--help"]),
        (["live", "ls", "-C", "/tmp"], ["ls", "-C", "/tmp"]),
        (["-q", "live", "ls", "--", "-C"], ["ls", "--", "-C"]),
        (["live", "-q", "--", "-C", "x"], ["-C", "x"]),
        (["live", "-o", "json", "--", "sh"], ["sh"]),
        (["--output=json", "live", "sh", "-c", "exit 3"], ["sh", "-c", "exit 3"]),
        (["-qo", "json", "live", "--", "ls", "-l"], ["ls", "-l"]),
        (["--", "live", "ls", "-q"], ["ls", "-q"]),
        (["live", "--", "--", "x"], ["--", "x"]),
    ],
)
def test_the_words_of_a_command_reach_it_untouched(
    stage: Stage,
    fream: Fream,
    place: str,
    words: list[str],
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage.put(SetName.SET1, "1.0.0")
    became = []

    def exec_(_file: str, line: list[str]) -> NoReturn:
        became.append(line)
        raise SystemExit(7)

    monkeypatch.setattr("fream_compose.docker.reads.os.execvp", exec_)

    assert fream("exec", "-C", place, *words).exit_code == 7
    assert became[0][3:] == ["shop-app-set1", *command]


def test_the_second_word_begins_the_command_whatever_options_stand_before() -> None:
    valued = {"-C", "-o", "--output"}

    assert apart(["-oset", "live", "ls"], valued) == ["-oset", "live", "--", "ls"]
    assert apart(["-qC", "d", "live", "ls"], valued) == ["-qC", "d", "live", "--", "ls"]
    assert apart(["--output", "-", "live", "ls"], valued)[3] == "--"
    assert apart(["live"], valued) == ["live"]


# --- switch ---


def test_a_version_may_be_a_word_or_an_option(stage: Stage, fream: Fream, place: str) -> None:
    assert fream("-C", place, "switch", "1.0.0").exit_code == 0
    assert stage.serves() == "1.0.0"
    assert fream("-C", place, "switch", "1.0.1", "--version", "1.0.1").exit_code == 0
    assert stage.serves() == "1.0.1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1.0.0", "--version", "1.0.1"], "1.0.0 and --version 1.0.1 differ"),
        ([], "fream switch VERSION"),
        (["1.0.0", "1.0.1"], ""),
        (["a b"], "is not a version"),
        ([""], "is not a version"),
    ],
)
def test_no_version_or_two_is_2_and_changes_nothing(
    stage: Stage, fream: Fream, place: str, words: list[str], said: str
) -> None:
    result = fream("switch", "-C", place, *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert stage.serves() == ""


def test_a_missing_version_is_told_to_programs_too(fream: Fream) -> None:
    told = json.loads(fream("switch", "-o", "json").stdout)

    assert told["error"]["exit_code"] == 2


# --- init ---


def init(*words: str, cwd: Path, named: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fream_compose", *words],
        cwd=cwd,
        env={**os.environ, "FREAM_PROJECT_DIR": named},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["-C", "shop", "init"], "shop"),
        (["init", "-C", "shop"], "shop"),
        (["-C", "apps", "init", "shop"], "apps/shop"),
        (["init", "shop", "-C", "apps"], "apps/shop"),
        (["init"], "."),
    ],
)
def test_a_project_is_set_up_where_the_option_says(
    words: list[str], where: str, tmp_path: Path
) -> None:
    done = init(*words, "--image", "acme/shop", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / where / "compose/compose.yaml").is_file()
    assert len(list(tmp_path.rglob("compose.yaml"))) == 1
    assert (f"cd {where}\n" in done.stdout) == (where != ".")
    compose = (tmp_path / where / "compose/compose.yaml").read_text()
    assert ("name: shop\n" in compose) == (where != ".")


def test_the_project_of_the_environment_is_never_set_up_anew(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert init("init", "other", "--image", "a/other", cwd=tmp_path).returncode == 0
    before = (tmp_path / "other/compose/.env").read_text()

    done = init(
        *("init", "--image", "a/shop", "--force"),
        cwd=tmp_path / "here",
        named=str(tmp_path / "other"),
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here/compose/compose.yaml").is_file()
    assert (tmp_path / "other/compose/.env").read_text() == before
    assert "unset FREAM_PROJECT_DIR" in done.stdout
