"""Files are replaced whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project import durable


def test_a_new_file_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    durable.write(tmp_path / "new", "text\n", mode=0o600)

    assert (tmp_path / "new").read_text() == "text\n"
    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o600


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)

    durable.write(path, "new", mode=0o600)

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o7777 == 0o640


def test_behind_a_link_the_file_itself_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "file", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)

    durable.write(link, "new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_file_is_synced_before_the_rename_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut leaves an empty file, or the old name."""
    path = tmp_path / "file"
    path.write_text("old")
    synced: list[tuple[bool, str]] = []

    def sync(descriptor: int) -> None:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((folder, path.read_text()))

    monkeypatch.setattr("fream_compose.project.durable.os.fsync", sync)

    durable.write(path, "new")

    assert synced == [(False, "old"), (True, "new")]


def test_nothing_but_the_file_is_left_in_its_folder(tmp_path: Path) -> None:
    durable.write(tmp_path / "file", "text")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_gone_is_told_with_the_file_and_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        durable.write(tmp_path / "gone" / "file", "text")

    assert "gone/file cannot be written" in caught.value.what
    assert caught.value.why == "No such file or directory"


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        durable.write(path, "not text: \ud800")

    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_target_that_cannot_be_replaced_is_left_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "inside").touch()

    with pytest.raises(ConfigurationError):
        durable.write(target, "text")

    assert (target / "inside").exists()
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_leaves_the_old_content() -> None:
    """/dev/full is where a write always fails for want of room; it cannot hold a temp file."""
    with pytest.raises(ConfigurationError):
        durable.write(Path("/dev/full/file"), "text")


def test_a_write_of_which_only_a_part_fits_in_is_an_error() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            return super().write(data[:3])

    durable.write_all(Full(), b"abc")
    with pytest.raises(OSError, match="No space left"):
        durable.write_all(Full(), b"abcd")
