"""HTTPS as users meet it: whose certificate, which way, and nothing lost when it is renewed."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from load.http2_clients import Http2Clients
from tests.stories import breaker, web
from tests.stories.docker import docker, inspect
from tests.stories.fixtures import alone
from tests.stories.https import HOSTS, SHOP, WILD, WWW, SecureProject
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import GOOD, Releases, machine_images
from tests.stories.test_evidence import LOCATION
from tests.stories.visitors import at_work
from tests.stories.waiting import eventually

ALL = f"{NAME}-https"
UNDER = WILD.replace("*", "any")
ADMIN = WILD.replace("*", "admin")
PROOF = "/.well-known/acme-challenge/"
SECONDS = 40
CHANGES = 100


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[SecureProject]:
    """A project with three names and their pairs; before the first test nothing is live."""
    folder = tmp_path_factory.mktemp("https")
    with alone(folder, ALL, releases.registry, FIRST_PORT + 1550) as made:
        secure = SecureProject(made)
        for host in HOSTS:
            secure.pairs.place(host)
        told = made.succeed("up", "infra").text
        assert f"https://{SHOP}:{secure.port}" in told
        yield secure


@pytest.fixture
def live(site: SecureProject) -> SecureProject:
    """The project with a live release."""
    if site.project.live() is None:
        site.project.switch(GOOD)
    return site


@pytest.fixture
def token(site: SecureProject) -> Iterator[str]:
    """An answer to a challenge that is laid out."""
    path = site.prove("t0ken_-", "t0ken_-.thumb")
    yield path.name
    path.unlink()


@contextmanager
def changed(site: SecureProject, **values: str) -> Iterator[None]:
    """Variables of `.env` for the length of a block, in force."""
    before = site.project.env_path.read_text(encoding="utf-8")
    site.set(**values)
    site.project.succeed("reload")
    try:
        yield
    finally:
        site.project.env_path.write_text(before, encoding="utf-8")
        site.project.succeed("reload")


def assert_proven(site: SecureProject, token: str) -> None:
    for host in (SHOP, UNDER, "unknown.example.com"):
        told = site.plain(host, f"{PROOF}{token}")
        assert (told.status, told.text) == (200, f"{token}.thumb"), host
        assert site.plain(host, f"{PROOF}missing").status == 404, host


def test_a_name_is_proven_before_the_first_release(site: SecureProject, token: str) -> None:
    assert site.project.live() is None
    assert_proven(site, token)
    mark = web.get(f"{site.project.control_url}/live").headers["X-Routes"]
    assert site.plain(SHOP, f"{PROOF}fream").text.strip() == mark
    assert site.ask(SHOP).status == 503


def test_each_name_has_its_own_certificate(live: SecureProject) -> None:
    shown = {host: live.ask(host).names for host in (SHOP, WWW, UNDER)}
    assert shown == {SHOP: (SHOP,), WWW: (WWW,), UNDER: (WILD,)}


@pytest.mark.parametrize("name", ["evil.example.com", "example.com", "a.b.wild.example.com", None])
def test_who_asks_for_no_name_of_ours_sees_no_certificate(
    live: SecureProject, name: str | None
) -> None:
    assert live.refused(name)


def test_a_connection_is_for_the_hosts_that_have_https_and_no_others(live: SecureProject) -> None:
    assert live.ask("evil.example.com", name=SHOP).status == 421
    assert live.ask(WWW, name=SHOP).status == 200


def test_http2_and_old_clients_are_met_and_old_protocols_are_not(live: SecureProject) -> None:
    context = live.pairs.trust
    for offered, taken in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1")):
        context.set_alpn_protocols(offered)
        with (
            socket.create_connection(("127.0.0.1", live.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=SHOP) as secure,
        ):
            assert secure.selected_alpn_protocol() == taken
            assert secure.version() == "TLSv1.3"


@pytest.mark.usefixtures("live")
def test_the_app_is_told_how_its_users_came(clients: Http2Clients) -> None:
    curl = ("curl", "--silent", "--show-error", "--insecure")
    for options in (("--http2", "-H", "X-Forwarded-Proto: http"), ("--http1.1",)):
        told = json.loads(clients.once(*curl, *options, f"https://{SHOP}/headers"))
        assert told["host"] == told["x-forwarded-host"] == SHOP
        assert (told["x-forwarded-proto"], told["x-forwarded-port"]) == ("https", "443")


def test_websockets_pass(live: SecureProject) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    asked = {**upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert live.ask(SHOP, "/ws", **asked).status == 101


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_users_of_these_names_are_sent_to_https(live: SecureProject, method: str) -> None:
    for host in (SHOP, UNDER):
        told = live.plain(host, "/orders?a=1&b=%2F", method)
        assert told.status == 308
        assert told.headers["location"] == f"https://{host}:{live.port}/orders?a=1&b=%2F"


@pytest.mark.parametrize("host", ["127.0.0.1", "a.b.wild.example.com", "evil.example.com"])
def test_nobody_else_is_sent_anywhere(live: SecureProject, host: str) -> None:
    assert live.plain(host).status == 200


def test_a_name_that_browsers_would_warn_of_stays_where_it_is(live: SecureProject) -> None:
    """Until it has another certificate than the first one, of the keeper's own making."""
    live.pairs.place(WWW, trusted=False)
    assert live.ask(WWW).status == live.plain(WWW).status == 200
    (live.pairs.folder / "live" / WWW).unlink()
    assert live.plain(WWW).status == 200
    assert live.plain(SHOP).status == 308
    live.pairs.place(WWW)
    assert live.plain(WWW).status == 308


def test_what_a_load_balancer_ended_goes_in_no_circle(live: SecureProject) -> None:
    proxies = live.nginx / "http.d" / "balancer.conf"
    proxies.write_text("set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;\n")
    try:
        live.project.succeed("reload")
        with requests.Session() as session:
            session.trust_env = False
            said = {"Host": SHOP, "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
            answer = session.get(f"{live.project.url}/version", headers=said, timeout=10)
        assert answer.status_code == 200
    finally:
        proxies.unlink()
        live.project.succeed("reload")


@pytest.mark.parametrize("allowed", [(), ("--allow", "203.0.113.7")])
def test_maintenance_closes_https_and_leaves_the_proof_open(
    live: SecureProject, token: str, allowed: tuple[str, ...]
) -> None:
    live.project.succeed("maintenance", "on", "--message", "closed for a moment", *allowed)
    try:
        told = live.ask(SHOP)
        assert (told.status, told.headers["retry-after"]) == (503, "60")
        assert "closed for a moment" in told.text
        assert live.plain(SHOP).status == 308
        assert live.plain("127.0.0.1").status == 503
        assert_proven(live, token)
    finally:
        live.project.succeed("maintenance", "off")
    assert live.ask(SHOP).status == 200


def test_limits_of_the_site_do_not_keep_a_name_from_being_proven(
    live: SecureProject, token: str
) -> None:
    limits = live.nginx / "site.d" / "closed.conf"
    limits.write_text("deny all;\n")
    try:
        live.project.succeed("reload")
        assert live.ask(SHOP).status == 403
        assert_proven(live, token)
    finally:
        limits.unlink()
        live.project.succeed("reload")


def test_no_address_leads_to_a_key(live: SecureProject) -> None:
    """Not even where the site serves files from the server's own root."""
    files = live.nginx / "site.d" / "files.conf"
    files.write_text('location ~ "pem$" { try_files $uri =404; }\n')
    ways = ("/key.pem", "/../key.pem", "/x/../../key.pem", "/..%2fkey.pem", "/%2e%2e/key.pem")
    more = ("/www/../key.pem", "//key.pem", f"{PROOF}../../../live/{SHOP}/../key.pem")
    twice = (f"{PROOF}..%2f..%2f..%2fpairs/key.pem", "/.%2e/%2e./key.pem", "/..%252fkey.pem")
    try:
        live.project.succeed("reload")
        for way in (*ways, *more, *twice):
            told = live.ask(SHOP, way)
            assert told.status in (400, 403, 404, 500), way
            assert "PRIVATE" not in told.text, way
    finally:
        files.unlink()
        live.project.succeed("reload")


def test_the_state_of_the_certificates_is_for_who_has_the_key(live: SecureProject) -> None:
    assert set(live.project.ask_nginx("/certificates").json()["hosts"]) == set(HOSTS)
    assert web.get(f"{live.project.control_url}/certificates").status_code == 403


def test_a_broken_pair_harms_no_other_name(live: SecureProject) -> None:
    pairs = live.pairs
    good, broken = pairs.make(WWW), pairs.make(WWW)
    key = pairs.pair(WWW, broken) / "key.pem"
    key.chmod(0o600)
    key.write_bytes((pairs.pair(WWW, good) / "key.pem").read_bytes())
    pairs.point(WWW, broken)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        live.ask(WWW)
    assert live.ask(SHOP).status == 200
    pairs.point(WWW, good)
    assert live.ask(WWW).status == 200


@pytest.fixture(scope="module")
def clients() -> Http2Clients:
    found = Http2Clients(f"{NAME}/http2:1", ALL)
    found.build(machine_images()["BASE_IMAGE"])
    return found


class Newcomers:
    """Clients with a new connection for each request, who look at the certificate."""

    def __init__(self, site: SecureProject) -> None:
        self.seen: list[bytes] = []
        self.failed: list[str] = []
        self._site = site
        self._over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them come for the length of a block."""
        with at_work(self._over, [self._come] * 3):
            yield

    def _come(self) -> None:
        while not self._over.wait(0.005):
            try:
                told = self._site.ask(SHOP)
                assert told.status == 200, told.text
                self.seen.append(told.certificate)
            except (OSError, AssertionError) as error:
                self.failed.append(repr(error))


def test_a_hundred_renewals_cut_no_connection_and_replace_no_worker(
    live: SecureProject, clients: Http2Clients
) -> None:
    nginx = live.project.container("nginx")
    before = workers(nginx)
    newcomers = Newcomers(live)
    clients.start(f"https://{SHOP}/version", SECONDS)
    shown: list[bytes] = []
    with newcomers.at_work():
        for _ in range(CHANGES):
            live.pairs.place(SHOP)
            shown.append(live.ask(SHOP).certificate)
        changes_while_open = clients.running
    assert changes_while_open, "they ended before the last renewal"
    for name, found in clients.outcomes().items():
        assert (found.failures, found.connections) == ({}, 1), name
        assert found.served > 100, name
    assert newcomers.failed == []
    assert len(newcomers.seen) > CHANGES
    assert len(set(shown)) == CHANGES, "each is seen at once"
    assert workers(nginx) == before


def workers(nginx: str) -> list[str]:
    """nginx's processes: their ids and when they began."""
    return sorted(docker("top", nginx, "-o", "pid,lstart,args").splitlines()[1:])


def test_releases_under_http2_lose_nothing_and_are_proven(
    live: SecureProject, releases: Releases, clients: Http2Clients
) -> None:
    clients.start(f"https://{SHOP}/version", SECONDS)
    eventually(lambda: '"agent":"Go-' in docker("logs", "--tail", "50", nginx_of(live)))
    told = [
        live.project.succeed("switch", "--version", version, "--output", "json")
        for version in (releases.push("1.0.1"), GOOD)
    ]
    for found in clients.outcomes().values():
        assert (found.failures, found.connections) == ({}, 1)
    for each in told:
        evidence = json.loads(each.out)["result"]["evidence"]
        assert (evidence["failed"], evidence["broken_off"], evidence["unread"]) == (0, 0, 0)
        assert evidence["by_set"].keys() == {"set1", "set2"}
        assert evidence["served"] > 100


def nginx_of(site: SecureProject) -> str:
    return site.project.container("nginx")


@pytest.fixture
def breaking(live: SecureProject) -> Iterator[SecureProject]:
    """The project, with an app beside it that breaks its answers off."""
    name = live.project.container("breaker")
    own = live.nginx / "site.d" / "breaker.conf"
    where = ("--network", live.project.name, "--network-alias", "breaker")
    code = Path(breaker.__file__).read_text(encoding="utf-8")
    command = (machine_images()["BASE_IMAGE"], "python3", "-c", code)
    docker("run", "--detach", "--name", name, *where, *command)
    own.write_text(LOCATION, encoding="utf-8")
    try:
        with changed(live, GUARD="8s"):
            yield live
    finally:
        own.unlink()
        docker("rm", "--force", name)


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_an_answer_that_the_app_breaks_off_on_a_shared_connection_is_a_failure(
    breaking: SecureProject, releases: Releases, clients: Http2Clients, kind: str
) -> None:
    project, new = breaking.project, breaking.project.idle_set
    places = (f"broken/{kind}/fin", *[f"broken/{kind}/whole", "version", "stream?chunks=3"] * 5)
    asked = " ".join(f"'https://{SHOP}/{place}'" for place in places)
    process = project.start("switch", "--version", releases.push("1.0.1"), "--output", "json")
    eventually(lambda: project.live_set == new)
    clients.once("sh", "-c", f"curl --insecure --http2 --parallel --silent {asked} || :")
    evidence = json.loads(project.finish(process).out)["result"]["evidence"]

    assert (evidence["failed"], evidence["broken_off"], evidence["unread"]) == (1, 1, 0)
    assert (evidence["failed_by_set"], evidence["served"]) == ({new: 1}, len(places) - 1)


def test_what_nginx_answers_for_https_is_no_set_s_in_the_evidence(
    live: SecureProject, releases: Releases, token: str
) -> None:
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.02):
            live.plain(SHOP)
            live.plain(SHOP, f"{PROOF}{token}")
            live.plain(SHOP, f"{PROOF}missing")

    worker = threading.Thread(target=ask)
    worker.start()
    try:
        told = live.project.succeed(
            "switch", "--version", releases.push("1.0.2"), "--output", "json"
        )
    finally:
        over.set()
        worker.join()
    evidence = json.loads(told.out)["result"]["evidence"]
    assert (evidence["served"], evidence["failed"], evidence["unread"]) == (0, 0, 0)
    assert evidence["by_nginx"] > 10


def test_the_redirect_can_be_off_and_browsers_told_to_stay(live: SecureProject) -> None:
    assert "strict-transport-security" not in live.ask(SHOP).headers
    with changed(live, TLS_REDIRECT="off", TLS_HSTS="31536000"):
        assert live.plain(SHOP).status == 200
        told = [live.ask(SHOP)]
        live.project.succeed("maintenance", "on")
        told.append(live.ask(SHOP))
        live.project.succeed("maintenance", "off")
        assert [each.status for each in told] == [200, 503]
        for each in told:
            assert each.headers["strict-transport-security"] == "max-age=31536000"
        assert "strict-transport-security" not in live.plain(SHOP).headers


def test_a_host_with_routes_of_its_own_has_all_of_it(live: SecureProject, token: str) -> None:
    """One that a wildcard covers."""
    path = live.project.folder / "compose" / "compose.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("services: {}", f"services: {{app: {{host: {ADMIN}}}}}"))
    try:
        live.project.succeed("reload")
        told = live.ask(ADMIN)
        assert (told.status, told.names) == (200, (WILD,))
        assert live.plain(ADMIN).headers["location"] == f"https://{ADMIN}:{live.port}/version"
        assert live.ask(SHOP).status == 404, "it has no routes any more"
        proof = live.plain(ADMIN, f"{PROOF}{token}")
        assert (proof.status, proof.text) == (200, f"{token}.thumb")
    finally:
        path.write_text(before)
        live.project.succeed("reload")


def test_keys_are_for_the_workers_alone(live: SecureProject) -> None:
    nginx = live.project.container("nginx")
    made = live.pairs.place(SHOP)
    key = f"/tls/pairs/{SHOP}@{made}/key.pem"
    docker("exec", "--user", "nginx", nginx, "test", "-r", key)
    told = docker("exec", "--user", "65534", nginx, "sh", "-c", f"test -r {key} || echo refused")
    assert told.strip() == "refused"
    mounts = {each["Destination"]: each["RW"] for each in inspect(nginx)["Mounts"]}
    assert mounts["/tls"] is False
