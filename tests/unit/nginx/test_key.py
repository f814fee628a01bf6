"""The key to the control port: kept from others, and the same for every run."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from fream_compose.nginx import key


@pytest.fixture(autouse=True)
def nginx_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "control.conf").write_text("map $http_x_fream_key $control_key {\n")


def names(folder: Path) -> list[str]:
    return [path.name for path in (folder / ".key").iterdir()]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_nobody_but_the_owner_lists_it_and_nginx_finds_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        (told,) = key.header(tmp_path).values()
    finally:
        os.umask(before)
    assert re.fullmatch("[0-9a-f]{64}", told)
    assert (tmp_path / ".key").stat().st_mode & 0o777 == 0o711
    assert (tmp_path / ".key" / told).stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} == {".key", "control.conf"}


def test_it_stays_the_same(tmp_path: Path) -> None:
    assert key.header(tmp_path) == key.header(tmp_path)


def test_one_that_others_could_list_is_made_anew(tmp_path: Path) -> None:
    before = key.header(tmp_path)
    (tmp_path / ".key").chmod(0o755)

    now = key.header(tmp_path)

    assert now != before
    assert names(tmp_path) == list(now.values())


def test_two_runs_that_make_one_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, others = Path.rename, []

    def late(draft: Path, target: Path) -> Any:
        monkeypatch.setattr(Path, "rename", usual)
        others.append(key.header(tmp_path))
        return usual(draft, target)

    monkeypatch.setattr(Path, "rename", late)

    assert [key.header(tmp_path)] == others
    assert names(tmp_path) == list(others[0].values())


def test_where_it_cannot_be_made_there_is_none(tmp_path: Path) -> None:
    assert key.header(tmp_path / "missing") == {}


def test_an_nginx_that_asks_for_none_is_sent_none(tmp_path: Path) -> None:
    """It would pass it on to the app, as an earlier one may have done until the reload."""
    before = key.header(tmp_path)
    (tmp_path / "control.conf").write_text("server {\n")
    assert key.header(tmp_path) == {}

    nginx_asks = tmp_path / "control.conf"
    nginx_asks.write_text("map $http_x_fream_key $control_key {\n")
    key.renew(tmp_path)
    assert key.header(tmp_path) != before


def test_root_makes_it_for_the_owner_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(os, "chown", lambda path, *owner: given.append((path.name[:4], owner)))
    (name,) = key.header(tmp_path).values()
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    assert given == [(name[:4], owner), (".key", owner)]
