"""HTTPS from `fream init` on: two lines in .env, certificates, releases, renewals, a bad day."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import cycle

import pytest

from load.http2_clients import Http2Clients
from tests.stories.https_site import PATH, SHOP, WWW, Site, site
from tests.stories.pebble import address_of
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import GOOD, Releases, machine_images
from tests.stories.renewals import Plan, carry_out

# script/certificates is the long run.
FULL = os.environ.get("FREAM_FULL_RENEWALS") == "1"
PLAN = Plan(100, 5, 50_000) if FULL else Plan(5, 1, 1_500)
SECONDS = 20
PORT = FIRST_PORT + 1500


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Site]:
    """A new project that is up with HTTPS, and has no release yet."""
    folder = tmp_path_factory.mktemp("https")
    with site(folder, f"{NAME}-https", PORT, releases) as found:
        found.set_env(
            TLS_HOSTS=f"{SHOP},{WWW}",
            TLS_EMAIL="ops@example.com",
            HTTPS_PORT=f"127.0.0.1:{found.https_port}",
            ACME_SERVER=found.pebble.directory,
            ACME_CA_FILE=found.pebble.ca_file(folder),
        )
        found.fream("up", "infra")
        yield found


@pytest.fixture
def released(shop: Site, releases: Releases) -> Site:
    """The same, with a release that serves."""
    if "live     set" not in shop.run("status").stdout:
        shop.fream("switch", "--version", releases.push(f"{GOOD}-https", DB="off"))
    return shop


def test_certificates_are_there_when_infra_is_up_and_before_any_release(shop: Site) -> None:
    for host in (SHOP, WWW):
        assert shop.certificate(host)["source"] == "acme"
    assert "503" in shop.curl(
        f"https://{SHOP}/version", "--output", "/dev/null", "-w", "%{http_code}"
    )


def test_users_come_by_https_and_http2_and_from_port_80(released: Site) -> None:
    asked = "%{http_version} %{http_code} %{num_redirects} %{url_effective}"
    options = ("--output", "/dev/null", "--write-out", asked)

    direct = released.curl(f"https://{SHOP}/version", *options)
    redirected = released.curl(f"http://{SHOP}/version?a=b", "--location", *options)

    assert direct == f"2 200 0 https://{SHOP}/version"
    assert redirected == f"2 200 1 https://{SHOP}:{released.https_port}/version?a=b"


def test_the_operator_sees_hosts_issuer_and_days(released: Site) -> None:
    told, status = released.fream("certificates"), released.fream("status")

    for host in (SHOP, WWW):
        assert host in told
        assert host in status
    assert "Pebble" in told


def test_renewals_and_releases_cost_no_request_and_no_connection(
    released: Site, releases: Releases
) -> None:
    versions = cycle(releases.push(f"{number}-https", DB="off") for number in ("1.0.1", GOOD))

    figures = carry_out(
        PLAN, released, lambda: released.fream("switch", "--version", next(versions))
    )

    print("\n".join(figures.lines()))
    assert figures.shortfalls() == [], "\n".join(figures.report.lines())


def test_clients_as_people_use_them_keep_their_connection_through_renewals(released: Site) -> None:
    clients = Http2Clients(f"{NAME}/http2:1", released.name)
    clients.build(machine_images()["BASE_IMAGE"])
    nginx = address_of(f"{released.name}-nginx", released.name)
    clients.trust(released.root, SHOP, nginx)

    clients.start(f"https://{SHOP}{PATH}", SECONDS)
    while clients.running:
        released.fream("certificates", "renew", "--force", SHOP)

    for name, found in clients.outcomes().items():
        assert found.failures == {}, name
        assert found.served > 50, name
        assert found.connections == 1, name


def test_while_the_acme_server_is_down_users_are_served_and_the_next_try_mends(
    released: Site,
) -> None:
    before = released.certificate()["sha256"]
    released.pebble.pause()
    try:
        failed = released.run("certificates", "renew", "--force", SHOP)
        assert failed.returncode == 5, failed.stdout + failed.stderr
        assert released.certificate()["sha256"] == before
        assert '"version"' in released.curl(f"https://{SHOP}/version")
        assert released.certificate()["error"] in released.fream("certificates")
        assert SHOP in released.run("status").stdout
    finally:
        released.pebble.go_on()

    released.fream("certificates", "renew", "--force", SHOP)
    assert released.certificate()["sha256"] != before
    assert released.certificate()["error"] == ""
