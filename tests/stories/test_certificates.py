"""Certificates from a real ACME server: the first one, renewals, and who may read the keys."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.stories.acme import (
    EAB_KEY,
    HOST,
    KID,
    NETWORK,
    OTHER,
    certified,
    keeper_of,
    mended,
    new_pebble,
)
from tests.stories.docker import CommandFailed, docker, inspect
from tests.stories.keeper import Keeper
from tests.stories.pebble import Pebble, address_of, image
from tests.stories.place import NAME


def test_a_server_starts_before_it_has_a_certificate(pebble: Pebble, folder: Path) -> None:
    with keeper_of(pebble, folder, HOST, OTHER) as keeper:
        first = keeper.eventually(source="self-signed")  # DNS does not lead here yet
        assert keeper.shown() == first["sha256"]
        assert docker("exec", keeper.name, "python3", "/fream/keeper.py", "check") == ""
        pebble.every_name_is_at(keeper.nginx)
        keeper.renew()

        for host in (HOST, OTHER):
            state = keeper.eventually(host, source="acme", error="")
            assert state["names"] == [host]
            assert state["issuer"].startswith("Pebble Intermediate")
            assert keeper.shown(host) == state["sha256"]
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            keeper.shown("other.example.com")


def test_keys_are_readable_by_nginxs_workers_alone(keeper: Keeper) -> None:
    docker("exec", "--user", "101", keeper.nginx, "sh", "-c", f"cat /tls/live/{HOST}/../key.pem")
    for path in (f"live/{HOST}/../key.pem", f"certbot/config/live/{HOST}/privkey.pem"):
        with pytest.raises(CommandFailed, match="Permission denied"):
            docker("exec", "--user", "65534", keeper.nginx, "cat", f"/tls/{path}")


def test_renewals_need_no_reload(keeper: Keeper) -> None:
    began = inspect(keeper.nginx)["State"]["StartedAt"]
    workers = docker("top", keeper.nginx, "-o", "pid")

    for _ in range(3):
        mended(keeper)

    assert docker("top", keeper.nginx, "-o", "pid") == workers
    assert inspect(keeper.nginx)["State"]["StartedAt"] == began


def test_the_server_says_when_it_is_time(pebble: Pebble, keeper: Keeper) -> None:
    before = keeper.shown()
    chain = docker("exec", keeper.nginx, "cat", f"/tls/live/{HOST}/../fullchain.pem")
    end = "-----END CERTIFICATE-----\n"

    pebble.renewal_is_due(chain.partition(end)[0] + end)
    state = keeper.renew()["hosts"][HOST]

    assert state["error"] == ""
    assert keeper.shown() == state["sha256"] != before


def test_a_host_that_is_added_gets_its_certificate_within_seconds(keeper: Keeper) -> None:
    first = keeper.shown()
    keeper.hosts = [HOST, OTHER]
    keeper.tell()

    assert keeper.eventually(OTHER, source="acme", error="")["names"] == [OTHER]
    assert keeper.shown() == first


def test_an_account_that_the_server_knows_already(network: str, folder: Path) -> None:
    assert network
    key = folder / "eab"
    key.write_text(EAB_KEY)
    with new_pebble(eab={KID: EAB_KEY}) as pebble:
        with keeper_of(pebble, folder) as keeper:
            pebble.every_name_is_at(keeper.nginx)
            state = keeper.eventually(source="self-signed", failures=1)
            assert "external account binding" in state["error"]
            assert "ACME_EAB_KID" in state["hint"]
        bound = {"environment": {"ACME_EAB_KID": KID}, "secrets": {"acme_eab_key": str(key)}}
        with keeper_of(pebble, folder, **bound) as keeper:
            certified(pebble, keeper)
            written = ["exec", keeper.name, "sh", "-c", f"grep -r {EAB_KEY} /tls /tmp || true"]
            assert docker(*written) == ""


ZONE = """$ORIGIN example.com.
@ 60 SOA dns. admin. 1 60 60 60 60
@ 60 NS dns.
"""
KNOT = """
server:
    listen: 0.0.0.0@53
    rundir: /tmp
database:
    storage: /tmp
key:
  - id: fream
    algorithm: hmac-sha512
    secret: 4q4wM/2I180UXoMyN4INVhJNi8V9BCV+jMw2mXgZw/CSuxUT8C7NKKFsAmKd7ak51vWKgSl12ib86oQRPkpDjg==
acl:
  - id: update
    key: fream
    action: update
zone:
  - domain: example.com
    file: /tmp/example.com.zone
    acl: update
"""


@contextmanager
def zone_of_example(folder: Path) -> Iterator[str]:
    """A DNS server whose zone can be changed with a key; its address."""
    name = f"{NAME}-dns"
    (folder / "knot.conf").write_text(KNOT)
    (folder / "zone").write_text(ZONE)
    start = "cp /dns/zone /tmp/example.com.zone && exec knotd -c /dns/knot.conf"
    docker("rm", "--force", name)
    docker(
        "run", "--detach", "--name", name, "--network", NETWORK, "--volume", f"{folder}:/dns:ro",
        "--entrypoint", "sh", image(), "-c", start,
    )  # fmt: skip
    try:
        yield address_of(name, NETWORK)
    finally:
        docker("rm", "--force", "--volumes", name)


def test_a_wildcard_is_proven_by_dns(network: str, folder: Path) -> None:
    assert network
    wild = "*.example.com"
    secret = KNOT.partition("secret: ")[2].partition("\n")[0]
    with zone_of_example(folder) as address, new_pebble(dns=f"{address}:53") as pebble:
        credentials = folder / "rfc2136.ini"
        lines = {"server": address, "name": "fream", "secret": secret, "algorithm": "HMAC-SHA512"}
        credentials.write_text("".join(f"dns_rfc2136_{k} = {v}\n" for k, v in lines.items()))
        options: dict[str, Any] = {
            "settings": {"challenge": "dns-rfc2136"},
            "environment": {"ACME_DNS_SECONDS": "1"},
            "secrets": {"acme_dns": str(credentials)},
        }
        with keeper_of(pebble, folder, wild, **options) as keeper:
            state = keeper.eventually(source="acme", error="")
            assert state["names"] == [wild]
            assert keeper.shown() == state["sha256"]
            credentials.write_text(credentials.read_text().replace(secret, secret.swapcase()))
            after = keeper.renew("--force")["hosts"][wild]
            assert "DNS provider did not take the record" in after["error"]
            assert keeper.shown() == state["sha256"]
