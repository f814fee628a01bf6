"""What a CI job is given reaches the shell as a value, never as a part of the command."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
JENKINS = (ROOT / "script/recipes/Jenkinsfile").read_text()
GITHUB = (ROOT / "script/recipes/github-actions.yaml").read_text()
README = re.findall(r"`(ssh -tt .*?)`", (ROOT / "README.md").read_text())
RECIPES = {"Jenkinsfile": JENKINS, "github-actions.yaml": GITHUB}
HOSTILE = [
    "1.0; >ran",
    "1.0$(>ran)",
    "1.0`>ran`",
    "1.0\n>ran",
    "1.0' ; >ran; '",
    '1.0" ; >ran; "',
    "1.0 && >ran",
    "$'1.0\\n'; >ran",
]
# As sshd does: a shell reads the words, joined, once more.
SSH = '#!/bin/sh\nshift 2\nexec sh -c "$*"\n'
TOOLS = {"ssh": SSH, "docker": "#!/bin/sh\ncat >/dev/null\n", "fream": "#!/bin/sh\necho fream $*\n"}


def steps(recipe: str) -> list[dict[str, Any]]:
    """The steps of a workflow."""
    found: list[dict[str, Any]] = yaml.safe_load(recipe)["jobs"]["release"]["steps"]
    return found


def commands(recipe: str) -> list[str]:
    """What a recipe gives to a shell, step by step."""
    if recipe.startswith("//"):
        found = re.findall(r"\bsh (?:'''(.*?)'''|'(.*?)'|\"(.*?)\")", recipe, re.DOTALL)
        return ["".join(texts) for texts in found]
    return [step["run"] for step in steps(recipe) if "run" in step]


def is_interpolated(recipe: str) -> bool:
    """Whether the tool itself, not the shell, writes a value into a command."""
    if recipe.startswith("//"):
        code = re.sub(r"//.*", "", recipe)
        return '"' in re.sub(r"'''.*?'''|'.*?'", "", code, flags=re.DOTALL)
    return any("${{" in command for command in commands(recipe))


def ran(command: str, version: str, folder: Path, who: str = "me") -> str:
    """What fream was called with, when a job of this version runs a step of its own."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name, text in TOOLS.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    given = {"VERSION": version, "TAG": f"v{version}", "SERVER": "host", "PROJECT": "/srv/shop"}
    secrets = {"DEPLOY_KEY": "key", "KNOWN_HOSTS": "host key", "REGISTRY_TOKEN": "token"}
    names = {"REGISTRY": "registry", "IMAGE": "registry/shop"}
    names |= dict.fromkeys(("GITHUB_ACTOR", "BUILD_USER_ID", "BUILD_URL", "GITHUB_RUN_ID"), who)
    path = f"{tools}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        env={**given, **secrets, **names, "HOME": str(folder), "PATH": path},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout


def hostile_code_runs(lines: list[str], version: str, folder: Path) -> bool:
    """Whether a version is taken for a command by any step, whatever the steps before it said."""
    for line in lines:
        ran(line, version, folder)
    return (folder / "ran").exists()


@pytest.mark.parametrize("name", RECIPES)
def test_no_value_is_written_into_a_command(name: str) -> None:
    assert commands(RECIPES[name])
    assert not is_interpolated(RECIPES[name])


@pytest.mark.parametrize(
    ("recipe", "old", "new"),
    [
        (JENKINS, "sh 'docker push \"$IMAGE:$VERSION\"'", 'sh "docker push ${IMAGE}:${VERSION}"'),
        (JENKINS, "sh 'docker push", 'sh """docker push $VERSION""" //'),
        (GITHUB, '"$REGISTRY_TOKEN"', '"${{ secrets.REGISTRY_TOKEN }}"'),
        (GITHUB, '"${TAG#v}" --by', '"${{ github.ref_name }}" --by'),
    ],
)
def test_a_recipe_that_writes_one_is_found_out(recipe: str, old: str, new: str) -> None:
    assert old in recipe
    assert is_interpolated(recipe.replace(old, new))


@pytest.mark.parametrize("version", HOSTILE)
@pytest.mark.parametrize("lines", [commands(JENKINS), commands(GITHUB), README])
def test_a_hostile_version_runs_nothing(lines: list[str], version: str, tmp_path: Path) -> None:
    assert lines
    assert not hostile_code_runs(lines, version, tmp_path)


@pytest.mark.parametrize("who", HOSTILE)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_who_releases_and_why_is_told_and_runs_nothing(
    recipe: str, who: str, tmp_path: Path
) -> None:
    (release,) = [line for line in commands(recipe) if "fream -C" in line]

    told = ran(release, "1.0.1", tmp_path, who)

    assert not (tmp_path / "ran").exists()
    assert re.search(r" --by=1\.0\S* --note=\S*1\.0\S* --wait 10m$", told), told


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_name_of_other_letters_leaves_the_release_alone(recipe: str, tmp_path: Path) -> None:
    (release,) = [line for line in commands(recipe) if "fream -C" in line]

    assert " --by= --note=" in ran(release, "1.0.1", tmp_path, "안나")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_without_its_guard_a_recipe_would_run_it(recipe: str, tmp_path: Path) -> None:
    unguarded = re.sub(r".*case .*esac\n", "", recipe)
    assert unguarded != recipe
    assert hostile_code_runs(commands(unguarded), HOSTILE[0], tmp_path)


@pytest.mark.parametrize("lines", [commands(JENKINS), commands(GITHUB), README])
@pytest.mark.parametrize("version", ["1.0.1", "2026-11_rc.1"])
def test_a_version_reaches_fream_on_the_server(
    lines: list[str], version: str, tmp_path: Path
) -> None:
    told = "".join(ran(line, version, tmp_path) for line in lines)
    assert f"fream -C /srv/shop switch --version {version}" in told
