"""The folder that nginx reads: whole pairs only, whatever happens to who writes them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pairs
import pytest
from shelf import Shelf

from tests.unit.acme.world import HOST, World, issued


@pytest.fixture
def place(tmp_path: Path) -> Shelf:
    """An empty one."""
    return Shelf(World(tmp_path).place)


def pair() -> pairs.Pair:
    """A new pair."""
    return pairs.loaded(*issued(HOST))


def test_a_pair_is_found_through_its_link(place: Shelf) -> None:
    first = pair()

    place.put(HOST, first, "acme")

    folder = place.in_place(HOST)
    assert folder
    assert (folder / "fullchain.pem").read_bytes() == first.chain
    assert (folder / "key.pem").read_bytes() == first.key
    assert place.source(HOST) == "acme"
    assert (place.live / HOST).readlink() == Path("../pairs", folder.name, "www")
    assert list((folder / "www").iterdir()) == []


def test_the_key_is_its_readers_alone(place: Shelf) -> None:
    place.put(HOST, pair(), "own")

    folder = place.in_place(HOST)
    assert folder
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (folder, *folder.iterdir())}
    files = {"fullchain.pem": 0o444, "key.pem": 0o400, "trusted": 0o444}
    assert modes == {folder.name: 0o755, "www": 0o755, **files}
    assert (folder / "key.pem").stat().st_uid == place.place.nginx_uid


@pytest.mark.parametrize("source", ["acme", "own", "self-signed"])
def test_nginx_is_told_which_pairs_browsers_take(place: Shelf, source: str) -> None:
    place.put(HOST, pair(), source)

    folder = place.in_place(HOST)
    assert folder
    assert (folder / "trusted").exists() is (source != "self-signed")


def test_the_pair_before_stays_one_round(place: Shelf) -> None:
    kept = []
    for _ in range(4):
        place.put(HOST, pair(), "acme")
        kept.append(place.in_place(HOST))

    assert sorted((place.place.tls / "pairs").iterdir()) == kept[-2:]


def test_hosts_do_not_take_each_others_pairs_away(place: Shelf) -> None:
    for host in ("example.com", HOST, "*.example.com"):
        place.put(host, pair(), "acme")
        place.put(host, pair(), "acme")

    assert len(list((place.place.tls / "pairs").iterdir())) == 6
    assert (place.live / "_.example.com").is_symlink()


@pytest.mark.parametrize("call", ["fsync", "fchown", "symlink", "rename", "mkdir"])
def test_a_failure_at_any_step_leaves_the_one_before(
    place: Shelf, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put(HOST, pair(), "acme")
    before = place.in_place(HOST)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="space"):
            place.put(HOST, pair(), "acme")

    assert place.in_place(HOST) == before
    left = [path for path in place.place.tls.rglob("*") if ".new" in path.name]
    assert left == []
    place.put(HOST, pair(), "acme")
    assert place.in_place(HOST) != before


def test_what_a_killed_process_left_is_in_nobodys_way(place: Shelf) -> None:
    half = place.place.tls / "pairs" / f".new-{HOST}"
    half.mkdir()
    (half / "key.pem").write_text("half")
    (place.live / f".new-{HOST}").symlink_to("nowhere")

    place.put(HOST, pair(), "acme")

    assert place.in_place(HOST)
    assert not half.exists()


def test_a_link_that_leads_nowhere_is_nothing_in_place(place: Shelf) -> None:
    assert place.in_place(HOST) is None
    assert place.source(HOST) == ""
    (place.live / HOST).symlink_to("../pairs/gone/www")

    assert place.in_place(HOST) is None
    place.put(HOST, pair(), "acme")
    assert place.in_place(HOST)


def test_nginxs_workers_get_through_a_folder_of_the_users(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.place.tls.chmod(0o700)

    Shelf(world.place).prepare()

    assert stat.S_IMODE(world.place.tls.stat().st_mode) == 0o711


def test_no_other_user_can_hold_the_lock(place: Shelf) -> None:
    lock = place.place.tls / "lock"
    lock.touch(0o644)

    with place.alone():
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
