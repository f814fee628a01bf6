"""An operator's days with certificates: fream's commands, the keeper, a real ACME server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stories.docker import docker, remove_project
from tests.stories.fixtures import alone
from tests.stories.pebble import Pebble
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project, Result
from tests.stories.releases import GOOD, Releases, machine_images

pytestmark = [pytest.mark.e2e]
SHOP, WWW = "shop.example.com", "www.example.com"
OFFSET = 1000


class Shop:
    """A project with HTTPS, and the ACME server that it asks."""

    def __init__(self, project: Project, pebble: Pebble, folder: Path) -> None:
        self.project, self.pebble, self.folder = project, pebble, folder
        self.told = folder / "told"
        project.set_env(
            TLS_HOSTS=SHOP,
            HTTPS_PORT=f"127.0.0.1:{project.http_port + 363}",
            ACME_IMAGE=machine_images()["ACME_IMAGE"],
            ACME_SERVER=pebble.directory,
            ACME_CA_FILE=pebble.ca_file(folder),
        )
        compose = project.folder / "compose" / "compose.yaml"
        hook = f"[{{run: [sh, -c, 'env > {self.told}']}}]"
        text = compose.read_text().replace(
            "certificate_failed: []", f"certificate_failed: {hook.replace('$', '$$')}"
        )
        compose.write_text(text)

    def join(self) -> None:
        """The ACME server can be reached from now on, and reaches nginx."""
        docker("network", "connect", "--alias", "pebble", self.project.name, self.pebble.name)
        self.pebble.network = self.project.name
        self.pebble.every_name_is_at(self.project.container("nginx"))

    def certificates(self) -> dict[str, dict[str, Any]]:
        told = json.loads(self.project.succeed("certificates", "-o", "json").out)
        return {each["host"]: each for each in told["result"]["certificates"]}

    def doctor(self) -> dict[str, tuple[str, str]]:
        found = json.loads(self.project.fream("doctor", "-o", "json").out)["result"]["findings"]
        return {each["check"]: (each["verdict"], each["text"]) for each in found}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    name = f"{NAME}-https"
    remove_project(name)
    with (
        Pebble(f"{name}-pebble", network=f"{name}-outside") as pebble,
        alone(folder, name, releases.registry, FIRST_PORT + OFFSET) as project,
    ):
        yield Shop(project, pebble, folder)
        pebble.remove()  # no network goes that it is in
    docker("network", "rm", f"{name}-outside")


def test_an_acme_server_that_is_down_stops_nothing_and_is_told(shop: Shop) -> None:
    result = shop.project.succeed("up", "infra")

    assert "Get certificates" in result.text
    assert f"warning: {SHOP}: SELF-SIGNED; the last try failed: " in result.text
    assert "FREAM_CERTIFICATE_HOST=shop.example.com" in shop.told.read_text()
    found = shop.certificates()[SHOP]
    assert (found["verdict"], found["source"]) == ("self-signed", "self-signed")
    assert found["error"]
    assert f"https    {SHOP}  SELF-SIGNED" in shop.project.succeed("status").text
    refused = shop.project.fream("certificates", "renew")
    assert refused.code == 5, refused


def test_the_next_try_mends_it_and_nothing_is_reloaded(shop: Shop) -> None:
    shop.project.switch(GOOD)
    shop.join()
    before = docker("top", shop.project.container("nginx"), "-eo", "pid,args")

    result = shop.project.succeed("certificates", "renew")

    assert re.search(rf"{SHOP} +acme +\S.* ok$", result.out, re.M), result
    assert docker("top", shop.project.container("nginx"), "-eo", "pid,args") == before
    assert re.search(
        rf"https    {SHOP}  .*, \d+ days left$", shop.project.succeed("status").text, re.M
    )


def test_what_is_good_for_long_is_renewed_by_force_only(shop: Shop) -> None:
    before = shop.certificates()[SHOP]["sha256"]

    shop.project.succeed("certificates", "renew")
    assert shop.certificates()[SHOP]["sha256"] == before

    shop.project.succeed("certificates", "renew", "--force", SHOP)
    assert shop.certificates()[SHOP]["sha256"] != before


def test_the_doctor_sees_what_nginx_shows_and_that_dns_does_not_lead_here(shop: Shop) -> None:
    found = shop.doctor()

    assert found["keeper"] == ("ok", f"acme runs and asks {shop.pebble.directory}")
    assert found["certificate"][0] == "ok"
    assert found["shown"][0] == "ok"
    assert found["keys"][0] == "ok"
    assert found["dns"] == ("warning", f"{SHOP} is not found by DNS")


def test_one_more_host_takes_a_reload(shop: Shop) -> None:
    shop.project.set_env(TLS_HOSTS=f"{SHOP}, {WWW}")
    told = shop.project.succeed("up", "infra").text
    assert "no certificate is asked for before: fream reload" in told

    began = time.monotonic()
    result = shop.project.succeed("reload")

    assert "warning" not in result.text
    assert time.monotonic() - began < 100
    assert {host: each["verdict"] for host, each in shop.certificates().items()} == {
        SHOP: "ok",
        WWW: "ok",
    }
    assert shop.project.get("/products").status_code in (200, 308)


def own_pair(folder: Path, *hosts: str) -> tuple[Path, Path]:
    certificate, key = folder / "own.pem", folder / "own.key"
    names = ",".join(f"DNS:{host}" for host in hosts)
    docker(
        *("run", "--rm", "--entrypoint", "openssl", "--volume", f"{folder}:/here"),
        machine_images()["ACME_IMAGE"],
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own", "-days", "100"),
        *(
            "-addext",
            f"subjectAltName={names}",
            "-keyout",
            "/here/own.key",
            "-out",
            "/here/own.pem",
        ),
    )
    return certificate, key


def test_a_certificate_of_ones_own_takes_the_place(shop: Shop) -> None:
    certificate, key = own_pair(shop.folder, SHOP, WWW)
    shop.project.set_env(TLS_CERTIFICATE=str(certificate), TLS_KEY=str(key))

    result = shop.project.succeed("reload")

    assert "warning" not in result.text
    assert {each["source"] for each in shop.certificates().values()} == {"own"}
    assert shop.doctor()["shown"][0] == "ok"


def refused(shop: Shop) -> Result:
    return shop.project.fream("certificates", "renew")


def test_a_pair_that_does_not_do_is_refused_and_the_last_good_one_stays(shop: Shop) -> None:
    before = {host: each["sha256"] for host, each in shop.certificates().items()}
    own_pair(shop.folder, SHOP)

    result = refused(shop)

    assert result.code == 3, result
    assert WWW in result.err
    assert {host: each["sha256"] for host, each in shop.certificates().items()} == before


def test_https_that_is_turned_off_takes_the_keeper_along(shop: Shop) -> None:
    shop.project.set_env(TLS_HOSTS="", TLS_CERTIFICATE="", TLS_KEY="")

    result = shop.project.succeed("up", "infra")

    assert "Stop acme, as TLS_HOSTS names no host" in result.text
    assert shop.project.container("acme") not in shop.project.containers()
    assert "fream up infra --recreate" in result.text  # nginx still has the port
    again = shop.project.succeed("up", "--recreate")
    assert "not in force" not in again.text
    assert shop.project.get("/products").status_code == 200
    assert "HTTPS is off" in shop.project.succeed("certificates").text


def test_https_that_is_turned_on_later_is_one_command(shop: Shop) -> None:
    shop.project.set_env(TLS_HOSTS=SHOP)
    told = shop.project.succeed("up", "infra").text
    assert "no certificate is asked for before: fream up infra --recreate" in told

    result = shop.project.succeed("up", "infra", "--recreate")

    assert "not in force" not in result.text
    assert "warning" not in result.text
    assert shop.certificates()[SHOP]["verdict"] == "ok"


def test_a_keeper_whose_image_cannot_be_had_leaves_the_rest_up(shop: Shop) -> None:
    shop.project.succeed("down")
    shop.project.set_env(ACME_IMAGE="127.0.0.1:1/no/certbot:1")

    result = shop.project.succeed("up")

    assert "acme, which keeps the certificates, could not be started" in result.text
    assert "ACME_IMAGE" in result.text
    assert shop.project.version() == GOOD
    assert shop.certificates()[SHOP]["verdict"] == "ok"  # the volume has it
