"""Which project a command is for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fream_compose.cli.project import find
from fream_compose.errors import ConfigurationError

STRANGER = 12_345


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, below a project that belongs to an unprivileged user."""
    (tmp_path / "compose").mkdir()
    for name in ("compose.yaml", "infra.yaml"):
        (tmp_path / "compose" / name).touch()
    inside = tmp_path / "docs"
    inside.mkdir()
    monkeypatch.delenv("FREAM_PROJECT_DIR", raising=False)
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.chdir(inside)
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        if path != tmp_path / "compose":
            return found
        return os.stat_result([*found[:4], STRANGER, *found[5:]])

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return inside


def test_root_does_not_trust_a_strangers_project_above(inside: Path) -> None:
    with pytest.raises(ConfigurationError, match="belongs to another user") as error:
        find(None)

    assert error.value.next_step.endswith(f"-C {inside.parent / 'compose'}")


def test_it_is_trusted_where_it_is_named_or_the_current_folder(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find(inside.parent) == inside.parent / "compose"
    monkeypatch.chdir(inside.parent)
    assert find(None) == inside.parent / "compose"


@pytest.mark.parametrize(("uid", "sudo"), [(1000, ""), (0, str(STRANGER))])
def test_users_and_their_sudo_find_their_own(
    inside: Path, monkeypatch: pytest.MonkeyPatch, uid: int, sudo: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setenv("SUDO_UID", sudo)

    assert find(None) == inside.parent / "compose"
