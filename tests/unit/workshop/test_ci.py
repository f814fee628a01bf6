"""The workflow of this repository runs what a contributor runs. It cannot run here."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CI = ROOT / ".github/workflows/ci.yaml"
RECIPE = ROOT / "script/recipes/github-actions.yaml"
WORKFLOW: dict[Any, Any] = yaml.safe_load(CI.read_text())
# `on` is read as a truth value by YAML 1.1; GitHub reads the key as it is written.
KNOWN = {"name", True, "permissions", "concurrency", "jobs"}


def steps() -> list[dict[str, Any]]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_it_has_only_keys_that_github_knows() -> None:
    assert set(WORKFLOW) == KNOWN
    for job in WORKFLOW["jobs"].values():
        assert set(job) <= {"runs-on", "timeout-minutes", "needs", "steps"}
        assert set(job.get("needs", "check").split()) <= set(WORKFLOW["jobs"])
    assert all(set(step) <= {"uses", "with", "run"} for step in steps())


def test_it_runs_the_scripts_that_are_there() -> None:
    commands = [step["run"] for step in steps() if "run" in step]

    assert commands == ["script/check", "script/test"]
    assert all(os.access(ROOT / command, os.X_OK) for command in commands)


@pytest.mark.parametrize("workflow", [CI, RECIPE], ids=["ci", "recipe"])
def test_others_actions_are_used_at_a_commit_whose_version_is_told(workflow: Path) -> None:
    used = re.findall(r"uses: (.*)", workflow.read_text())

    assert used
    pinned = re.compile(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []


def test_what_the_demo_installs_is_pinned_by_hash() -> None:
    locked = (ROOT / "demo/requirements.txt").read_text()
    wanted = (ROOT / "demo/requirements.in").read_text().lower().split()
    entries = re.findall(
        r"^(\S+)==[^\\]*\\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)$", locked, re.M
    )

    assert {name for name, _ in entries} > set(wanted)
    assert len(entries) == locked.count("==")
    assert (
        "pip install --no-cache-dir --no-deps --require-hashes"
        in (ROOT / "demo/Dockerfile").read_text()
    )


def test_it_may_read_and_nothing_else() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_the_hook_checks_what_is_staged() -> None:
    hook = ROOT / "script/hooks/pre-commit"

    assert os.access(hook, os.X_OK)
    assert hook.read_text().endswith("exec script/check --staged\n")
