"""Logs that are kept: the newest twenty, their owner's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.kept_logs import KeptLogs


def test_a_log_is_found_by_its_name_and_is_its_owners_alone(tmp_path: Path) -> None:
    logs = KeptLogs(tmp_path / ".fream" / "logs")

    name = logs.keep("20260101T000000Z-aaaa01", "all of it\n")

    path = logs.path(name)
    assert path
    assert path.read_text() == "all of it\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_oldest_go(tmp_path: Path) -> None:
    logs = KeptLogs(tmp_path / "logs")
    names = [logs.keep(f"202601{day:02}T000000Z-aaaa{day:02}", "") for day in range(1, 26)]

    assert [name for name in names if logs.path(name)] == names[-20:]


def test_one_that_is_kept_again_takes_its_own_place(tmp_path: Path) -> None:
    logs = KeptLogs(tmp_path / "logs")
    for day in range(1, 21):
        logs.keep(f"202601{day:02}T000000Z-aaaa{day:02}", "first")

    name = logs.keep("20260101T000000Z-aaaa01", "second")

    path = logs.path(name)
    assert path
    assert path.read_text() == "second"
    assert len(list(path.parent.iterdir())) == 20


@pytest.mark.parametrize("name", ["", "../secret", "/etc/passwd", "none.log"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("of another")
    logs = KeptLogs(tmp_path / "logs")
    logs.keep("20260101T000000Z-aaaa01", "")

    assert logs.path(name) is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in its place")

    with pytest.raises(ConfigurationError):
        KeptLogs(tmp_path / "logs").keep("20260101T000000Z-aaaa01", "")
