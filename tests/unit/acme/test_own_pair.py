"""A pair of the user's own, in the place of ACME's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pairs
import pytest
from wanted import Wanted

from tests.unit.acme.world import HOST, World, issued, real_now


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing in place yet."""
    return World(tmp_path)


def test_a_pair_of_the_users_own_is_put_in_place_for_all_or_none(world: World) -> None:
    world.wanted = Wanted((HOST, "www.example.com"), source="own")
    assert "not in place yet" in world.look()["error"]

    with pytest.raises(pairs.BadPair, match=r"not for www\.example\.com"):
        world.rounds.put_own([HOST, "www.example.com"], pairs.loaded(*issued(HOST)))
    assert world.state()["source"] == "self-signed"

    world.rounds.put_own([HOST, "www.example.com"], pairs.loaded(*issued("*.example.com")))
    for host in world.wanted.hosts:
        state = world.state(host)
        assert (state["source"], state["error"], state["next"]) == ("own", "", None)
        assert world.rounds.in_place(host)
    assert world.look()["error"] == ""
    assert world.runs == []


def test_the_same_pair_again_changes_nothing(world: World) -> None:
    world.wanted = Wanted((HOST,), source="own")
    pair = pairs.loaded(*issued(HOST))
    world.rounds.put_own([HOST], pair)
    before = (world.place.tls / "live" / HOST).readlink()

    world.rounds.put_own([HOST], pair)

    assert (world.place.tls / "live" / HOST).readlink() == before


def test_from_a_pair_of_ones_own_to_acme_and_back(world: World) -> None:
    own = pairs.loaded(*issued(HOST, begins=timedelta(hours=-1)))
    acme = world.wanted
    world.look()

    world.wanted = Wanted((HOST,), source="own")
    world.rounds.put_own([HOST], own)
    assert world.shown() == own.sha256
    world.wanted = acme
    assert world.look()["source"] == "acme"


def test_an_own_certificate_that_expired_is_said(world: World) -> None:
    world.wanted = Wanted((HOST,), source="own")
    world.rounds.put_own([HOST], pairs.loaded(*issued(HOST)))
    world.clock = real_now() + timedelta(days=46)

    assert "expired" in world.look()["error"]


def test_a_chain_that_was_mended_is_put_in_place(world: World) -> None:
    world.wanted = Wanted((HOST,), source="own")
    leaf, key = issued(HOST)
    world.rounds.put_own([HOST], pairs.loaded(leaf, key))
    whole = leaf + issued("ca.example.com")[0]

    world.rounds.put_own([HOST], pairs.loaded(whole, key))

    pair = world.rounds.in_place(HOST)
    assert pair
    assert pair.chain == whole
