"""The workflow of this repository runs what a contributor runs. It cannot run here."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yaml").read_text())
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


def test_it_uses_others_actions_at_a_major_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]

    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)


def test_it_may_read_and_nothing_else() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_the_hook_checks_what_is_staged() -> None:
    hook = ROOT / "script/hooks/pre-commit"

    assert os.access(hook, os.X_OK)
    assert hook.read_text().endswith("exec script/check --staged\n")
