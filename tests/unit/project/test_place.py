"""One folder has many paths; containers know it by one of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.place import same_place, settle, settled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of Compose files that was worked in, with a link beside its project."""
    (tmp_path / "shop" / "compose" / ".fream").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    return tmp_path / "shop" / "compose"


def by_link(folder: Path) -> Path:
    return folder.parents[1] / "link" / "compose"


def test_links_lead_to_the_same_place(folder: Path) -> None:
    assert same_place(folder, by_link(folder))
    assert same_place(Path("/nowhere/a"), Path("/nowhere/b/../a"))
    assert not same_place(folder, folder.parent)
    assert not same_place(folder, Path("/nowhere"))


def test_so_does_a_mount_which_no_path_tells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "realpath", str)

    assert same_place(folder, by_link(folder))
    assert not same_place(folder, folder.parent)


def test_a_project_is_where_its_containers_know_it_whatever_led_to_it(folder: Path) -> None:
    assert settled(by_link(folder)) == by_link(folder)

    settle(by_link(folder), folder)

    assert settled(by_link(folder)) == folder
    settle(by_link(folder), by_link(folder))
    assert settled(folder) == folder


def test_a_link_that_containers_were_made_by_stays_the_path(folder: Path) -> None:
    settle(folder, by_link(folder))

    assert settled(folder) == by_link(folder)


def test_a_note_in_a_copy_does_not_lead_back_and_is_replaced(folder: Path, tmp_path: Path) -> None:
    settle(folder, folder)
    copy = tmp_path / "copy" / "compose"
    (copy / ".fream").mkdir(parents=True)
    (copy / ".fream" / "place").write_text(str(folder))

    assert settled(copy) == copy
    settle(copy, copy)
    assert (copy / ".fream" / "place").read_text() == str(copy)
    assert settled(folder) == folder


@pytest.mark.parametrize("note", [b"../..", b"/nowhere", b"", b"\xff", b"/a\0b"])
def test_a_note_that_leads_nowhere_counts_for_nothing(folder: Path, note: bytes) -> None:
    (folder / ".fream" / "place").write_bytes(note)

    assert settled(folder) == folder
    settle(folder, by_link(folder))
    assert settled(folder) == by_link(folder)


def test_a_note_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / ".fream").rmdir()

    with pytest.raises(ConfigurationError, match="cannot be written"):
        settle(folder, folder)
