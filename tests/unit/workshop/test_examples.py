"""What the pages show is what happens: the commands that need no Docker are run, and the example
of migrations is the one that its story releases."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fream_compose import __version__
from fream_compose.cli.views.errors import fields
from fream_compose.errors import FreamError
from fream_compose.operations.rollback import NO_WAY_BACK
from fream_compose.project.x_fream import Hooks
from tests.stories import test_migrations as story
from tests.unit.workshop.pages import PAGES, README, ROOT, TOLD, code, rows

APPS = PAGES["docs/apps.md"]
MIGRATIONS = APPS.section("## Migrations, and a way back at each step")


def typed(line: str, folder: Path) -> str:
    """What a command line of fream prints, in a folder of its own and without Docker."""
    done = subprocess.run(
        [sys.executable, "-m", "fream_compose", *shlex.split(line)[1:]],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "DOCKER_HOST": "unix:///nowhere.sock"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def dialogues(begin: str) -> list[tuple[str, str]]:
    """Each command line that begins so and is shown with its answer."""
    blocks = [block for page in TOLD for block in page.blocks("console")]
    pieces = [piece for block in blocks for piece in re.split(r"^\$ ", block, flags=re.M) if piece]
    pairs = [piece.partition("\n") for piece in pieces]
    return [(line, answer) for line, _, answer in pairs if line.startswith(begin) and answer]


@pytest.mark.parametrize(("line", "answer"), dialogues("fream init "))
def test_fream_init_prints_what_is_shown(line: str, answer: str, tmp_path: Path) -> None:
    shown = typed(line, tmp_path).replace(f"{tmp_path}/", "/srv/")

    assert shown == answer


def shown(begin: str) -> list[str]:
    """The answers to a command, or the texts that begin so."""
    texts = [block for page in TOLD for block in page.blocks("text")]
    answers = [answer for line, answer in dialogues("fream ") if line == begin]
    return [*answers, *(text for text in texts if text.startswith(begin))]


@pytest.mark.parametrize(
    ("begin", "screen"),
    [
        ("fream status", "status/well-80.txt"),
        ("DOWN ", "status/down-80.txt"),
        ("fream history", "history/list-120.txt"),
        ("error: ", "errors/image-missing-80.txt"),
    ],
)
def test_a_screen_that_is_shown_is_one_that_was_looked_at(begin: str, screen: str) -> None:
    golden = (ROOT / "tests" / "golden" / screen).read_text(encoding="utf-8").splitlines()

    assert shown(begin)
    for text in shown(begin):
        assert [line for line in text.splitlines() if line and line not in golden] == []


def test_the_readme_shows_one() -> None:
    assert any("fream init " in block for block in README.blocks("console"))
    assert len(dialogues("fream init ")) > 1


@pytest.mark.parametrize("block", [block for page in TOLD for block in page.blocks("json")])
def test_what_is_shown_as_json_is_that(block: str) -> None:
    shown = json.loads(block)

    assert "event" in shown or {"ok", "command", "result" if shown["ok"] else "error"} <= set(shown)
    if "error" in shown:
        assert set(shown["error"]) == set(fields(FreamError("")))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("fream --version", f"fream {__version__}"),
        ("fream completion bash", "complete"),
        ("fream completion zsh", "compdef"),
        ("fream completion fish", "complete"),
        ("fream plugin install", "docker fream status"),
        ("fream plugin uninstall", "There was no"),
    ],
)
def test_what_needs_no_docker_and_no_project_can_be_typed(
    line: str, says: str, tmp_path: Path
) -> None:
    assert says in typed(line, tmp_path)


def test_an_image_of_this_server_needs_no_registry(tmp_path: Path) -> None:
    (option,) = re.findall(r"`(--set PULL_POLICY=missing)`", README.text)
    typed(f"fream init shop --image shop {option}", tmp_path)

    assert "\nPULL_POLICY=missing\n" in (tmp_path / "shop/compose/.env").read_text()


def test_each_piece_of_the_migrations_is_in_the_files_of_the_example() -> None:
    files = [path.read_text(encoding="utf-8") for path in story.EXAMPLE.rglob("*.py")]

    assert APPS.blocks("python")
    assert [block for block in APPS.blocks("python") if not any(block in t for t in files)] == []


def test_the_hook_of_the_migrations_is_the_one_that_the_story_runs() -> None:
    (shown,) = re.findall(r"```yaml\n(hooks:.*?)```", MIGRATIONS, re.DOTALL)
    found = Hooks.model_validate(yaml.safe_load(shown)["hooks"])

    assert found == Hooks.model_validate(yaml.safe_load(story.HOOK))
    assert found.before_start


def test_the_label_and_its_words_are_those_of_the_story() -> None:
    assert f'{NO_WAY_BACK}="{story.WHY}"' in MIGRATIONS


def test_every_migration_and_release_of_the_example_is_told() -> None:
    table = rows(MIGRATIONS)
    told = [
        name for row in table for cell in row for name in code(cell) if re.fullmatch(r"\d{4}", name)
    ]

    assert {path.name[:4] for path in story.EXAMPLE.rglob("0*.py")} == set(told)
    assert set(story.VERSIONS.values()) == set(told)
    assert {path.stem for path in (story.EXAMPLE / "releases").iterdir()} == set(story.VERSIONS)
    assert [row[0].partition(",")[0] for row in table] == list(story.VERSIONS)
