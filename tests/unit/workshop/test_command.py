"""fream on the PATH: put there where it is ours to put, and taken away again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PARTS = ["lib", "parts/python", "parts/command"]


def checkout(folder: Path) -> Path:
    """A checkout that was bootstrapped."""
    for path in (folder / "script" / "bootstrap", folder / ".venv" / "bin" / "fream"):
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    for source in ("docs/fream.1", *(f"fream_compose/cli/shells/fream.{s}" for s in SHELLS)):
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


SHELLS = ("bash", "zsh", "fish")


def says(folder: Path, do: str, prefix: Path) -> str:
    """What a part of bootstrap says, run for a checkout by a user who is not root."""
    sources = "".join(f". {ROOT}/script/{part}.sh; " for part in PARTS)
    place = f"ROOT={folder} VENV={folder}/.venv; is_root() {{ false; }}"
    line = f"set -euo pipefail; {sources} {place}; {do}"
    environment = {**os.environ, "PREFIX": str(prefix)}
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return checkout(tmp_path / "mine")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return tmp_path / "usr"


def test_it_is_put_there_once_and_taken_away(mine: Path, prefix: Path) -> None:
    first = says(mine, "ensure_command", prefix)
    again = says(mine, "ensure_command", prefix)

    link = prefix / "bin" / "fream"
    assert f"{link} -> {mine}/.venv/bin/fream" in first
    assert "on the PATH" not in again
    assert f'export PATH="{prefix}/bin:$PATH"' in again
    assert link.readlink() == mine / ".venv" / "bin" / "fream"
    assert (prefix / "share/man/man1/fream.1").read_text() == "docs/fream.1"

    assert "Removed" in says(mine, "remove_command", prefix)
    assert [path for path in prefix.rglob("*") if not path.is_dir()] == []
    assert "nothing is removed" in says(mine, "remove_command", prefix)


def test_where_the_path_has_it_there_is_no_hint(mine: Path, prefix: Path) -> None:
    said = says(mine, f"PATH={prefix}/bin:$PATH; ensure_command", prefix)

    assert "PATH lacks" not in said


def test_a_fream_of_somebody_elses_stays(mine: Path, prefix: Path) -> None:
    link = prefix / "bin" / "fream"
    link.parent.mkdir(parents=True)
    link.write_text("another's")

    assert "stays as it is" in says(mine, "ensure_command", prefix)
    assert "nothing is removed" in says(mine, "remove_command", prefix)
    assert link.read_text() == "another's"
    link.unlink()
    link.symlink_to("/opt/other/fream")
    assert "stays as it is" in says(mine, "ensure_command", prefix)
    assert not (prefix / "share").exists()


def test_that_of_another_checkout_stays_while_that_is_there(mine: Path, prefix: Path) -> None:
    other = checkout(mine.parent / "other")
    says(other, "ensure_command", prefix)

    assert f"is the fream of {other}, and stays so" in says(mine, "ensure_command", prefix)
    assert "nothing is removed" in says(mine, "remove_command", prefix)
    (other / ".venv" / "bin" / "fream").unlink()
    says(mine, "ensure_command", prefix)
    assert (prefix / "bin" / "fream").readlink() == mine / ".venv" / "bin" / "fream"


def test_a_copy_belongs_to_the_checkout_that_made_it(mine: Path, prefix: Path) -> None:
    other, copy = checkout(mine.parent / "other"), prefix / "lib" / "fream"
    (copy / "bin").mkdir(parents=True)
    (copy / ".fream-checkout").write_text(f"{other}\n")
    (prefix / "bin").mkdir()
    (prefix / "bin" / "fream").symlink_to(copy / "bin" / "fream")

    assert f"is the fream of {other}" in says(mine, "ensure_command", prefix)
    assert "Removed" in says(other, "remove_command", prefix)
    assert not copy.exists()
