"""The recipes: what they say exists, and the tools that read them accept them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from fream_compose.cli.app import app

ROOT = Path(__file__).parents[3]
RECIPES = ROOT / "script" / "recipes"
README = ROOT / "README.md"
# How a recipe runs fream: with the project, and then a command.
CALL = re.compile(r"\bfream (-C .*)")


def calls(recipe: Path) -> list[list[str]]:
    """The command lines of fream in a recipe."""
    found = CALL.findall(recipe.read_text())
    return [shlex.split(line.partition(" > ")[0].removesuffix("'")) for line in found]


@pytest.mark.parametrize(
    "name",
    [
        "Jenkinsfile",
        "github-actions.yaml",
        "fream.service",
        "fream-recover.service",
        "fream-certificates.service",
        "fream-metrics.service",
    ],
)
def test_a_recipe_calls_fream_as_it_can_be_called(name: str) -> None:
    lines = calls(RECIPES / name)

    assert lines
    for line in lines:
        command = get_command(app())
        with command.make_context("fream", list(line)) as context:
            rest = context._protected_args + context.args
            chosen, inner = command.commands[rest[0]], rest[1:]  # type: ignore[attr-defined]
            chosen.make_context(rest[0], inner, parent=context)


def test_every_recipe_is_tested() -> None:
    assert {path.name for path in RECIPES.iterdir()} == {
        "Jenkinsfile",
        "github-actions.yaml",
        "fream.service",
        "fream-recover.service",
        "fream-recover.timer",
        "fream-certificates.service",
        "fream-certificates.timer",
        "slack.py",
        "fream-metrics.service",
        "fream-metrics.timer",
    }


def test_the_workflow_is_yaml_and_every_step_does_something() -> None:
    text = (RECIPES / "github-actions.yaml").read_text()
    # YAML 1.1 reads the key `on` as true.
    workflow = yaml.safe_load(text.replace("\non:", '\n"on":'))

    assert workflow["on"] == {"push": {"tags": ["v*"]}}
    assert workflow["concurrency"]["cancel-in-progress"] is False
    for step in workflow["jobs"]["release"]["steps"]:
        assert "uses" in step or "run" in step


def test_the_jenkinsfile_closes_what_it_opens() -> None:
    text = re.sub(r"//.*|'[^']*'", "", (RECIPES / "Jenkinsfile").read_text())

    for opening, closing in ("{}", "()"):
        assert text.count(opening) == text.count(closing) > 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize(
    "name", ["fream.service", "fream-recover.timer", "fream-certificates.timer"]
)
def test_systemd_accepts_the_unit(tmp_path: Path, name: str) -> None:
    # Only what is on this server can be verified: its own `true`, and no docker.service.
    for recipe in RECIPES.glob("fream*"):
        text = recipe.read_text().replace("/usr/local/bin/fream", str(shutil.which("true")))
        (tmp_path / recipe.name).write_text(text)
    unit = tmp_path / name
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
