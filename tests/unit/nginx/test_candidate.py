"""The copy of nginx's configuration that is tested: nobody else reads it, and none is left."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose.errors import EngineError, ProxyError
from fream_compose.nginx.candidate import Candidate, sweep
from fream_compose.nginx.proxy import Proxy
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Stage
from tests.fakes.commands import Fream

LIVE = LiveRelease(SetName.SET1, Version("1.0.0"), "20261123T160411Z-3f9a1c")


@pytest.fixture(params=[0o000, 0o022, 0o077])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in folder.rglob("*")
    }


@pytest.mark.usefixtures("_umask")
def test_only_root_and_its_owner_enter_it_and_it_goes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stage.settings.nginx_directory
    (folder / "site.d" / "login.conf").write_text("# a token\n")
    (folder / "site.d" / "login.conf").chmod(0o600)
    seen: list[tuple[int, int]] = []

    def look(_name: str, command: list[str]) -> str:
        copy = folder / Path(command[-1]).parent.relative_to("/etc/nginx")
        assert (copy / "nginx.conf").read_text() == (folder / "nginx.conf").read_text()
        seen.append((modes(folder)[".candidate"], modes(copy)["site.d/login.conf"]))
        return ""

    monkeypatch.setattr(stage.project.containers, "execute", look)
    stage.proxy.test(LIVE)

    assert seen == [(0o700, 0o600)]
    assert not (folder / ".candidate").exists()


def test_it_is_closed_before_anything_is_in_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen = stage.settings.nginx_directory / ".candidate", set()
    real = os.open

    def watched(path: str, *arguments: int, **options: int) -> int:
        if folder.exists():
            seen.add(stat.S_IMODE(folder.stat().st_mode))
        return real(path, *arguments, **options)

    monkeypatch.setattr("os.open", watched)
    stage.proxy.test(LIVE)

    assert seen == {0o700}


def test_an_nginx_that_is_not_root_is_let_in_and_nobody_can_list_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stage.settings.nginx_directory / ".candidate"
    tried: list[int] = []

    def as_another(_name: str, command: list[str]) -> str:
        tried.append(stat.S_IMODE(folder.stat().st_mode))
        if not tried[-1] & 0o001:
            raise EngineError("nginx failed", f"open() {command[-1]!r} (13: Permission denied)")
        return ""

    monkeypatch.setattr(stage.project.containers, "execute", as_another)
    stage.proxy.test(LIVE)

    assert tried == [0o700, 0o711]
    assert not folder.exists()


def test_what_nginx_refuses_is_named_by_its_place(stage: Stage) -> None:
    (stage.settings.nginx_directory / "site.d" / "mine.conf").write_text("broken;\n")

    with pytest.raises(ProxyError) as caught:
        stage.proxy.test(LIVE)

    assert "in /etc/nginx/site.d/mine.conf:1" in caught.value.why
    assert "candidate" not in caught.value.why


def test_what_a_killed_run_left_goes_with_the_next_command(fream: Fream, stage: Stage) -> None:
    left = stage.settings.nginx_directory / ".candidate" / "nginx"
    left.mkdir(parents=True)
    (left / "nginx.conf").touch()

    assert fream("recover").exit_code == 0

    assert not left.parent.exists()


def test_sweeping_where_nothing_is_left_is_fine(tmp_path: Path) -> None:
    sweep(tmp_path)

    assert issubclass(Proxy, Candidate)
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_what_only_the_container_has_is_a_link_in_the_copy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stage.settings.nginx_directory
    (folder / "modules").symlink_to("/usr/lib/no-such-place")
    (folder / "site.d").mkdir(exist_ok=True)
    (folder / "site.d" / "tls.conf").symlink_to("../../nowhere.conf")
    seen: dict[str, str] = {}

    def look(_: str, command: list[str]) -> str:
        copy = folder / Path(command[-1]).relative_to("/etc/nginx").parent
        links = (path for path in copy.rglob("*") if path.is_symlink() and not path.exists())
        seen.update({str(path.relative_to(copy)): str(path.readlink()) for path in links})
        return ""

    monkeypatch.setattr(stage.project, "execute", look)
    stage.proxy.test(None)

    assert seen == {"modules": "/usr/lib/no-such-place", "site.d/tls.conf": "../../nowhere.conf"}


def test_a_link_within_the_folder_is_copied_as_what_it_leads_to(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stage.settings.nginx_directory
    (folder / "shared.conf").write_text("client_max_body_size 9m;\n")
    (folder / "site.d").mkdir(exist_ok=True)
    (folder / "site.d" / "limits.conf").symlink_to("../shared.conf")
    seen: list[str] = []

    def look(_: str, command: list[str]) -> str:
        copy = folder / Path(command[-1]).relative_to("/etc/nginx").parent
        seen.append((copy / "site.d" / "limits.conf").read_text())
        return ""

    monkeypatch.setattr(stage.project, "execute", look)
    stage.proxy.test(None)

    assert seen == ["client_max_body_size 9m;\n"]
