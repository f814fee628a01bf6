"""The link names a release, or nothing; and each change of it is one rename."""

from __future__ import annotations

import errno
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.nginx import include
from fream_compose.nginx.include import FILE, LINK, parse_include, render
from fream_compose.release import LiveRelease, SetName, Version, new_switch_id
from tests.fakes.stage import DIGEST

LIVE = LiveRelease(SetName.SET1, Version("1.0"), "20261123T163000Z-3f9a1c")
NEXT = LiveRelease(SetName.SET2, Version("1.1"), "20261123T164000Z-000002")
THIRD = LiveRelease(SetName.SET1, Version("1.2"), "20261123T165000Z-000003")
TEXT = render(LIVE)[FILE]


@pytest.mark.parametrize("name", SetName)
@pytest.mark.parametrize("version", [Version("1.0"), Version("1.0", DIGEST)])
def test_the_include_survives_being_written_and_read(name: SetName, version: Version) -> None:
    live = LiveRelease(name, version, new_switch_id(datetime.now(UTC)))

    assert parse_include(render(live)[FILE]) == live


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# a comment\n",
        "set $live_set set1;\n",
        TEXT.replace("# set set1", "# set set3"),
        TEXT.replace("# version 1.0", "# version 1.0 beta"),
        TEXT.replace(LIVE.switch, "x y"),
        "set $service_url http://10.0.0.7:8081;\n",
    ],
)
def test_an_include_that_is_not_ours_names_nothing(text: str) -> None:
    assert parse_include(text) is None


def test_the_include_of_an_earlier_fream_is_read_until_it_is_moved(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        f'set $live_set     set1;\nset $live_version "1.0";\nset $live_switch  "{LIVE.switch}";\n'
    )

    assert include.read(tmp_path) == LIVE
    include.put(tmp_path, NEXT)
    assert include.read(tmp_path) == NEXT
    include.forget_earlier(tmp_path)
    assert not (tmp_path / FILE).exists()


def test_what_was_put_is_read_and_none_names_nothing(tmp_path: Path) -> None:
    assert include.read(tmp_path) is None
    include.put(tmp_path, LIVE)
    assert include.read(tmp_path) == LIVE
    include.put(tmp_path, None)
    assert include.read(tmp_path) is None
    assert (tmp_path / LINK / FILE).exists()


def test_a_release_whose_switch_nobody_knows_is_named(tmp_path: Path) -> None:
    unknown = LiveRelease(SetName.SET2, Version("1.0"), "")

    include.put(tmp_path, unknown)

    assert include.read(tmp_path) == unknown
    assert (tmp_path / LINK / "set2").is_file()


def test_one_look_is_asked_of_nginx_once_a_release_is_live() -> None:
    assert render(LIVE)[FILE].count("if (-f ") == 1
    assert "/etc/nginx/live/set2)" in render(LIVE)[FILE]
    assert render(None)[FILE].count("if (-f ") == 3


@pytest.mark.parametrize("read", [None, LIVE, NEXT], ids=["nothing", "set1", "set2"])
@pytest.mark.parametrize(("before", "after"), [(LIVE, NEXT), (NEXT, THIRD)], ids=["forth", "back"])
def test_a_request_in_the_middle_of_a_cut_over_goes_to_one_of_the_two_sets(
    before: LiveRelease, after: LiveRelease, read: LiveRelease | None
) -> None:
    rule = render(read)[FILE]
    looks = re.findall(r"if \(-f /etc/nginx/live/(\w+)\) {\n    set \$live_set (\w+);\n}", rule)
    start = re.search(r'^set \$live_set "(\w*)";$', rule, re.M)
    assert start
    assert len(looks) == rule.count("if (")

    for renamed_at in range(len(looks) + 1):
        chosen = start[1]
        for at, (file, name) in enumerate(looks):
            if file in render(after if at >= renamed_at else before):
                chosen = name
        assert chosen in (before.set, after.set)
        assert chosen == before.set or renamed_at < len(looks)


def test_the_folder_of_a_release_holds_the_file_of_its_set_only(tmp_path: Path) -> None:
    include.put(tmp_path, LIVE)

    assert (tmp_path / LINK / "set1").is_file()
    assert not (tmp_path / LINK / "set2").exists()


def test_folders_are_readable_for_nginx_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        include.put(tmp_path, LIVE)
    finally:
        os.umask(before)

    for path in (tmp_path / include.FOLDERS, *(tmp_path / include.FOLDERS).rglob("*")):
        assert path.stat().st_mode & 0o044, path


def test_a_release_that_is_named_already_is_not_written_again(tmp_path: Path) -> None:
    """A full disk must not stand in the way back."""
    include.put(tmp_path, LIVE)
    include.put(tmp_path, NEXT)
    before = (tmp_path / include.FOLDERS / LIVE.switch / FILE).stat().st_ino

    include.put(tmp_path, LIVE)

    assert (tmp_path / LINK / FILE).stat().st_ino == before


def test_a_release_that_is_named_already_is_named_on_a_read_only_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a disk refuses even to remove what is not there."""
    include.put(tmp_path, LIVE)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for call in ("unlink", "mkdir", "chmod", "rename", "replace", "symlink"):
        monkeypatch.setattr(os, call, refuse)
    include.put(tmp_path, LIVE)

    assert include.read(tmp_path) == LIVE


def test_a_live_folder_is_repaired_in_place(tmp_path: Path) -> None:
    include.put(tmp_path, LIVE)
    marker = (tmp_path / LINK / "set1").stat().st_ino
    (tmp_path / LINK / FILE).write_text("garbage")

    include.put(tmp_path, LIVE)

    assert include.read(tmp_path) == LIVE
    assert (tmp_path / LINK / "set1").stat().st_ino == marker


def test_a_file_of_the_other_set_that_a_hand_left_is_taken_away(tmp_path: Path) -> None:
    include.put(tmp_path, LIVE)
    (tmp_path / LINK / "set2").touch()

    include.put(tmp_path, LIVE)

    assert not (tmp_path / LINK / "set2").exists()


def test_only_the_folders_of_what_is_live_and_was_live_stay(tmp_path: Path) -> None:
    for live in (LIVE, NEXT):
        include.put(tmp_path, live)
    (tmp_path / include.FOLDERS / ".half-written").mkdir()
    include.put(tmp_path, THIRD)

    assert {p.name for p in (tmp_path / include.FOLDERS).iterdir()} == {NEXT.switch, THIRD.switch}


def test_a_link_that_cannot_be_renamed_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    include.put(tmp_path, LIVE)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(ConfigurationError, match="live cannot be written"):
        include.put(tmp_path, NEXT)

    assert include.read(tmp_path) == LIVE


def test_what_lies_in_the_place_of_the_link_gives_way(tmp_path: Path) -> None:
    """A copy of the folder has copied what the link leads to."""
    (tmp_path / LINK).mkdir()
    (tmp_path / LINK / "set2").touch()

    include.put(tmp_path, LIVE)

    assert include.read(tmp_path) == LIVE
    assert not (tmp_path / LINK / "set2").exists()


def test_a_net_is_spread_for_one_set_and_taken_away(tmp_path: Path) -> None:
    include.put(tmp_path, LIVE)
    include.arm(tmp_path, SetName.SET1)
    assert (tmp_path / LINK / "net-set1").is_file()

    include.put(tmp_path, NEXT)
    assert not list((tmp_path / LINK).glob("net-*")), "a cut-over arms nothing"
    include.put(tmp_path, LIVE)
    include.disarm(tmp_path)
    assert not list((tmp_path / LINK).glob("net-*"))
