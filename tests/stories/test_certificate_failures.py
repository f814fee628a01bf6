"""What may go wrong with a renewal: it is said, the last good certificate stays, and it mends."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.stories.acme import HOST, NETWORK, certified, failing, keeper_of, mended, new_pebble
from tests.stories.docker import docker
from tests.stories.keeper import Keeper
from tests.stories.pebble import ALIAS, Pebble, address_of
from tests.stories.place import NAME
from tests.stories.releases import ROOT, machine_images
from tests.stories.waiting import eventually

KILLS = 12


def test_nothing_is_asked_while_nginx_does_not_answer(pebble: Pebble, keeper: Keeper) -> None:
    docker("stop", keeper.nginx)
    orders = pebble.log().count("POST /order-plz")

    state = keeper.renew("--force")["hosts"][HOST]
    assert "nginx does not answer for challenges" in state["error"]
    assert state["failures"] == 0
    assert pebble.log().count("POST /order-plz") == orders

    docker("start", keeper.nginx)
    pebble.every_name_is_at(keeper.nginx)
    keeper.eventually(error="")


def test_a_server_that_is_down(pebble: Pebble, keeper: Keeper) -> None:
    docker("stop", pebble.name)
    assert "pebble:14000 is not found in DNS" in failing(keeper)["error"]
    docker("start", pebble.name)
    eventually(pebble.root)
    pebble.every_name_is_at(keeper.nginx)
    mended(keeper)  # though it has forgotten the account


@pytest.mark.parametrize(
    ("deed", "error", "hint"),
    [
        ("nonsense", "does not answer as an ACME server does", "ACME_SERVER"),
        ("rate-limit", "rate limit.*too many certificates", "do not force"),
    ],
)
def test_a_server_that_does_not_help(
    pebble: Pebble, keeper: Keeper, folder: Path, deed: str, error: str, hint: str
) -> None:
    name = f"{NAME}-false"
    for file in ("server.pem", "server.key"):
        (folder / file).write_text(docker("exec", pebble.name, "cat", f"/etc/pebble/{file}"))
    docker("network", "disconnect", NETWORK, pebble.name)
    docker("rm", "--force", name)
    docker(
        "run", "--detach", "--name", name, "--network", NETWORK, "--network-alias", ALIAS,
        "--volume", f"{ROOT / 'tests/stories/false_acme.py'}:/false_acme.py:ro",
        "--volume", f"{folder}:/own:ro", "--entrypoint", "python3",
        machine_images()["ACME_IMAGE"], "/false_acme.py", deed, "/own",
    )  # fmt: skip
    try:
        time.sleep(1)
        state = failing(keeper)
    finally:
        docker("rm", "--force", "--volumes", name)
        docker("network", "connect", "--alias", ALIAS, NETWORK, pebble.name)
    assert re.search(error, state["error"])
    assert hint in state["hint"]
    assert (state["next"] == "2100-01-02T03:04:05Z") == (deed == "rate-limit")
    mended(keeper)


def test_dns_that_leads_elsewhere(pebble: Pebble, keeper: Keeper) -> None:
    pebble.name_is_at(HOST, "127.0.0.1")
    assert "does not reach shop.example.com on port 80" in failing(keeper)["error"]
    pebble.name_is_as_others(HOST)
    mended(keeper)


def test_another_server_that_answers_for_the_host(pebble: Pebble, keeper: Keeper) -> None:
    name = f"{NAME}-another"
    docker("rm", "--force", name)
    docker("run", "-d", "--name", name, "--network", NETWORK, machine_images()["NGINX_IMAGE"])
    try:
        pebble.name_is_at(HOST, address_of(name, NETWORK))
        assert "got another answer from shop.example.com" in failing(keeper)["error"]
    finally:
        docker("rm", "--force", "--volumes", name)
    pebble.name_is_as_others(HOST)
    mended(keeper)


def test_a_name_that_the_server_does_not_certify(network: str, folder: Path) -> None:
    assert network
    with new_pebble(blocked=(HOST,)) as pebble, keeper_of(pebble, folder) as keeper:
        pebble.every_name_is_at(keeper.nginx)
        state = keeper.eventually(source="self-signed", failures=1)
        assert "does not certify shop.example.com" in state["error"]


def test_a_clock_that_is_wrong(pebble: Pebble, folder: Path) -> None:
    recipe = f"""FROM {machine_images()["ACME_IMAGE"]}
RUN (apt-get update && apt-get install -y faketime && ln -s /usr/lib/*/faketime /faketime) \\
    || (apk add libfaketime && ln -s /usr/lib/faketime /faketime)
"""
    tag = f"{NAME}/clock:1"
    docker("build", "--quiet", "--network", "host", "--tag", tag, "-", stdin=recipe)
    behind = {"LD_PRELOAD": "/faketime/libfaketime.so.1", "FAKETIME": "-400d"}
    with keeper_of(pebble, folder, environment=behind, image=tag) as keeper:
        pebble.every_name_is_at(keeper.nginx)
        state = keeper.eventually(source="self-signed", failures=1)
        assert "clock" in state["error"]


def test_a_disk_that_is_full(pebble: Pebble, folder: Path) -> None:
    with keeper_of(pebble, folder, size="1m") as keeper:
        certified(pebble, keeper)
        fill = "cat /dev/zero > /tls/certbot/filler 2>/dev/null; test -s /tls/certbot/filler"
        docker("exec", keeper.name, "sh", "-c", fill)
        assert failing(keeper)["error"] == "The disk with TLS_DIR is full"
        assert keeper.state()["error"] == "The disk with TLS_DIR is full"
        docker("exec", keeper.name, "rm", "/tls/certbot/filler")
        mended(keeper)


def test_killed_at_any_moment_the_last_good_certificate_is_served(keeper: Keeper) -> None:
    moments = random.Random(15)
    command = ["exec", "--detach", keeper.name, "python3", "/fream/keeper.py", "renew", "--force"]
    seen = {keeper.shown()}
    for _ in range(KILLS):
        docker(*command)
        end = time.monotonic() + moments.uniform(0.3, 5.0)
        while time.monotonic() < end:
            seen.add(keeper.shown())
        keeper.kill()
        seen.add(keeper.shown())
        keeper.restart()
        seen.add(keeper.shown())

    state = eventually(lambda: _well(keeper.renew()["hosts"][HOST]))
    assert keeper.shown() == state["sha256"]
    assert len(seen) > 1
    mended(keeper)


def _well(state: dict[str, Any]) -> dict[str, Any]:
    return state if (state["source"], state["error"]) == ("acme", "") else {}
