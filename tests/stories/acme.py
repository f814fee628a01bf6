"""A Pebble and a keeper of certificates, for stories about certificates alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.stories.docker import CommandFailed, docker
from tests.stories.keeper import Keeper
from tests.stories.pebble import Pebble
from tests.stories.place import NAME
from tests.stories.waiting import eventually

HOST, OTHER = "shop.example.com", "www.example.com"
NETWORK = f"{NAME}-acme"
KID, EAB_KEY = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """A network for all of them."""
    with suppress(CommandFailed):  # of a run that was killed
        docker("network", "rm", NETWORK)
    docker("network", "create", NETWORK)
    try:
        yield NETWORK
    finally:
        docker("network", "rm", NETWORK)


def new_pebble(**options: Any) -> Pebble:
    """A Pebble in that network."""
    return Pebble(f"{NAME}-pebble", NETWORK, **options)


@pytest.fixture
def pebble(network: str) -> Iterator[Pebble]:
    """A Pebble of this test's own."""
    assert network
    with new_pebble() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For files that containers read."""
    tmp_path.chmod(0o755)
    return tmp_path


def keeper_of(pebble: Pebble, folder: Path, *hosts: str, **options: Any) -> Keeper:
    """A keeper whose ACME server is this Pebble."""
    secrets = {"acme_ca": pebble.ca_file(folder)} | options.pop("secrets", {})
    settings = {"server": pebble.directory, "email": "ops@example.com"}
    settings |= options.pop("settings", {})
    return Keeper(
        f"{NAME}-keeper", NETWORK, folder, list(hosts or [HOST]),
        settings=settings, secrets=secrets, **options,
    )  # fmt: skip


@pytest.fixture
def keeper(pebble: Pebble, folder: Path) -> Iterator[Keeper]:
    """A keeper that has got its first certificate."""
    with keeper_of(pebble, folder) as made:
        certified(pebble, made)
        yield made


def certified(pebble: Pebble, keeper: Keeper) -> None:
    """Its first certificate. A try that came before the names led to it is made again at once,
    as by itself that takes minutes; no other, as it would spend the next hours' one question to
    the server whether it is time (ARI)."""
    pebble.every_name_is_at(keeper.nginx)
    eventually(lambda: keeper.state().get("tried"))
    if keeper.state()["error"]:
        keeper.renew()
    keeper.eventually(source="acme", error="")


def failing(keeper: Keeper) -> dict[str, Any]:
    """What a renewal says that fails, and that clients are served as before."""
    before = keeper.shown()
    state: dict[str, Any] = keeper.renew("--force")["hosts"][HOST]
    assert keeper.shown() == before == state["sha256"]
    assert state["error"]
    assert "\n" not in state["error"] + state["hint"]
    assert state["failures"] >= 1
    assert state["hint"]
    assert state["next"] > state["tried"]
    return state


def mended(keeper: Keeper) -> None:
    """The next try brings a new certificate."""
    before = keeper.shown()
    state = keeper.renew("--force")["hosts"][HOST]
    assert (state["error"], state["failures"]) == ("", 0)
    assert keeper.shown() == state["sha256"] != before
