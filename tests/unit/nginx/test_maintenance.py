"""The files of a maintenance, which nginx reads."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fream_compose.nginx import maintenance
from fream_compose.nginx.maintenance import Maintenance

ID = "20261123T163000Z-3f9a1c"


def test_the_id_tells_since_when() -> None:
    assert Maintenance(ID, "").since == datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    assert Maintenance("by hand", "").since is None


@pytest.mark.parametrize("allow", [(), ("192.0.2.0/24",)])
def test_what_was_put_is_read_and_none_removes_it(tmp_path: Path, allow: tuple[str, ...]) -> None:
    asked = Maintenance(ID, 'Back at "five" for $5', allow)
    put = maintenance.put_list if allow else maintenance.put_page

    put(tmp_path, asked)
    assert maintenance.read(tmp_path) == asked
    assert maintenance.listed(tmp_path) is bool(allow)

    put(tmp_path, None)
    assert maintenance.read(tmp_path) is None


def test_the_file_that_closes_the_app_is_written_last() -> None:
    assert list(maintenance.render(Maintenance(ID, "")))[-1] == maintenance.FILE


@pytest.mark.parametrize("told", ["", "[]", '{"id": 1}', "{"])
def test_a_page_that_nobody_can_account_for_closes_the_app(tmp_path: Path, told: str) -> None:
    maintenance.put_page(tmp_path, Maintenance(ID, "x"))
    (tmp_path / ".closed" / "maintenance.json").write_text(told)

    assert maintenance.read(tmp_path) == Maintenance(maintenance.UNKNOWN, "")


@pytest.mark.parametrize(
    "place",
    [
        '<!--# echo var="maintenance_message" encoding="none" -->',
        '<!--#echo encoding="none" var="maintenance_message"-->',
    ],
)
def test_the_page_is_the_users_own_with_the_message_in_its_place(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "pages").mkdir()
    own = rf"<h1>Ours</h1>{place}\1"
    (tmp_path / "pages" / "maintenance.html").write_text(own)

    maintenance.put_page(tmp_path, Maintenance(ID, r'<!--#exec cmd="x" --> \1'))

    page = (tmp_path / maintenance.PAGE).read_text()
    assert page == r"<h1>Ours</h1>&#60;!--#exec cmd=&#34;x&#34; --&#62; &#92;1\1"


def test_without_a_page_of_the_project_users_read_the_message(tmp_path: Path) -> None:
    maintenance.put_page(tmp_path, Maintenance(ID, "Back at five"))

    assert (tmp_path / maintenance.PAGE).read_text() == "Back at five"


def test_the_page_can_be_read_by_nginx_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        maintenance.put_page(tmp_path, Maintenance(ID, ""))
    finally:
        os.umask(before)

    assert (tmp_path / maintenance.CLOSED).stat().st_mode & 0o777 == 0o755
    assert (tmp_path / maintenance.PAGE).stat().st_mode & 0o777 == 0o644
