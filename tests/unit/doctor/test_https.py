"""What the doctor finds out of HTTPS, and what it says to do."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from fream_compose import http
from fream_compose.docker.facts import Condition
from fream_compose.doctor import https
from fream_compose.doctor.finding import Finding
from fream_compose.doctor.https import OURS, HttpsFacts, at_once, https_facts
from fream_compose.doctor.https_checks import https_findings
from fream_compose.doctor.project import project_facts
from fream_compose.nginx.certificates import read
from fream_compose.operations.certificates import HostCertificate, certificates_of
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.project.tls_settings import Tls
from tests.fakes import Stage
from tests.fakes.certificates import note, state
from tests.unit.doctor.facts import verdicts

SHOP, WWW = "shop.example.com", "www.example.com"
NOW = datetime.now(UTC)


def row(**other: Any) -> HostCertificate:
    start = NOW - timedelta(days=other.pop("age", 1))
    kept = read(state(**{SHOP: note(start, **other)}))
    (found,) = certificates_of(Tls(hosts=(SHOP,)), kept, NOW)
    return found


WELL = HttpsFacts(
    rows=(row(),),
    server="https://ca.example/dir",
    addresses={SHOP: ("192.0.2.1",)},
    answers={SHOP: OURS},
    shown={SHOP: "ab" * 32},
    uid="101",
)


def finding(facts: HttpsFacts, check: str) -> Finding:
    (found,) = (each for each in https_findings(facts) if each.check == check)
    return found


def test_where_https_is_off_nothing_is_checked() -> None:
    assert https_findings(None) == ()


def test_where_all_is_well_every_check_says_what_it_saw() -> None:
    found = https_findings(WELL)

    assert verdicts(found) == dict.fromkeys(
        ["keeper", "dns", "challenge", "certificate", "shown", "keys"], "ok"
    )
    text = "\n".join(each.text for each in found)
    for said in ("ca.example", "192.0.2.1", "1 of 1 in place", f"{SHOP} in 89 days", "user 101"):
        assert said in text


@pytest.mark.parametrize(
    ("facts", "check", "verdict", "text", "remedy"),
    [
        ({"keeps": False}, "keeper", "fails", "no certificate is renewed", "fream up infra"),
        ({"addresses": {SHOP: ()}}, "dns", "warning", "not found by DNS", "A, AAAA"),
        (
            {"answers": {SHOP: "HTTP 404 of another server"}},
            "challenge",
            "warning",
            "HTTP 404 of another server",
            "Is 192.0.2.1 this server, and port 80 open to it",
        ),
        ({"trouble": "HTTP 403"}, "certificate", "warning", "HTTP 403", "fream reload"),
        ({"shown": {SHOP: "cd" * 32}}, "shown", "fails", "another certificate", "fream reload"),
        ({"shown": {SHOP: ""}}, "shown", "fails", "shows for shop.example.com: none", "HTTPS_PORT"),
        ({"uid": "33"}, "keys", "fails", "are user 33", "NGINX_UID=33"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    facts: dict[str, Any], check: str, verdict: str, text: str, remedy: str
) -> None:
    found = finding(replace(WELL, **facts), check)

    assert found.verdict == verdict
    assert text in found.text
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("other", "verdict", "remedy"),
    [
        ({"age": 91}, "fails", "fream certificates renew shop.example.com"),
        ({"age": 70}, "warning", "fream certificates renew shop.example.com"),
        ({"source": "self-signed"}, "warning", "fream certificates renew"),
        ({"error": "refused", "hint": "open port 80"}, "warning", "open port 80"),
        ({"source": "own", "age": 80}, "warning", "a new one in the place of TLS_CERTIFICATE"),
    ],
)
def test_a_certificate_that_is_not_well_is_told(
    other: dict[str, Any], verdict: str, remedy: str
) -> None:
    found = finding(replace(WELL, rows=(row(**other),)), "certificate")

    assert found.verdict == verdict
    assert remedy in found.remedy


def test_a_host_without_a_certificate_fails() -> None:
    facts = replace(WELL, rows=certificates_of(Tls(hosts=(SHOP,)), read(state()), NOW))

    assert finding(facts, "certificate").verdict == "fails"
    assert finding(facts, "certificate").text == "shop.example.com: NO CERTIFICATE"
    assert "shown" not in verdicts(https_findings(facts))


def test_who_is_late_is_not_waited_for() -> None:
    began = time.monotonic()

    answers = at_once(["quick", "slow"], lambda host: time.sleep(30 * (host == "slow")), 0.3)

    assert set(answers) == {"quick"}
    assert time.monotonic() - began < 20


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, tls={"hosts": f"{SHOP},*.example.org", "challenge": "dns-ovh"})
    made.nginx.certificates.write_text(state(**{SHOP: note(NOW), "*.example.org": note(NOW)}))
    yield made
    made.project.close()


def facts_of(stage: Stage) -> HttpsFacts:
    found = https_facts(stage.project, stage.proxy, take_snapshot(stage.project, stage.proxy))
    assert found
    return found


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Addresses by name; other names are not found."""
    known: dict[str, str] = {}
    own = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        if "example" not in host:
            return list(own(host, port, *rest, **options))
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(0, 0, 0, "", (known[host], port))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_the_facts_are_looked_up(
    stage: Stage, dns: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dns[SHOP] = "192.0.2.7"
    stage.project.inside["shop-nginx"] = "101\n"
    monkeypatch.setattr(https, "served", lambda host, _port: f"sha of {host}")

    found = facts_of(stage)

    assert found.addresses == {SHOP: ("192.0.2.7",)}  # no wildcard has an address
    assert found.answers == {}  # nothing is asked on port 80 where DNS is the proof
    assert found.shown == {SHOP: f"sha of {SHOP}", "*.example.org": "sha of *.example.org"}
    assert (found.uid, found.wanted_uid, found.keeps) == ("101", "101", True)
    assert [each.host for each in found.rows] == [SHOP, "*.example.org"]
    assert found.server == "https://ca.example/dir"


@pytest.mark.usefixtures("dns")
@pytest.mark.parametrize(
    ("published", "asked"),
    [("192.0.2.7", "192.0.2.7"), ("0.0.0.0", "127.0.0.1")],  # noqa: S104
)
def test_nginx_is_asked_at_the_address_that_it_listens_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, published: str, asked: str
) -> None:
    places: list[tuple[str, int]] = []
    nginx = Condition("running", service="nginx", reached=((443, published, 8443),))
    snapshot = replace(take_snapshot(stage.project, stage.proxy), conditions=(nginx,))

    def served(_host: str, place: tuple[str, int]) -> str:
        places.append(place)
        return ""

    monkeypatch.setattr(https, "served", served)

    https_facts(stage.project, stage.proxy, snapshot)

    assert set(places) == {(asked, 8443)}


@pytest.mark.usefixtures("dns")
def test_hosts_are_looked_at_at_the_same_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2)

    def served(_host: str, _place: tuple[str, int]) -> str:
        both.wait(4)
        raise TimeoutError

    monkeypatch.setattr(https, "served", served)

    assert facts_of(stage).shown == {SHOP: "", "*.example.org": ""}
    assert not both.broken


@pytest.mark.usefixtures("dns")
def test_what_cannot_be_had_is_left_empty(stage: Stage) -> None:
    stage.nginx.certificates.write_text("nonsense")
    stage.project.fail("execute id", "no such user")
    stage.project.infra.discard("acme")
    stage.project.env.update({"NGINX_UID": "33"})

    found = facts_of(stage)

    assert found.addresses == {SHOP: ()}
    assert found.shown == {SHOP: "", "*.example.org": ""}
    assert "does not say which certificates" in found.trouble
    assert (found.uid, found.wanted_uid, found.keeps, found.rows) == ("", "33", False, ())


@pytest.mark.parametrize(
    ("body", "answer"),
    [("the-mark\n", OURS), ("Welcome", "HTTP 200 of another server"), (None, "connection refused")],
)
def test_port_80_of_each_host_is_asked_whose_it_is(
    tmp_path: Path,
    dns: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    body: str | None,
    answer: str,
) -> None:
    stage = Stage(tmp_path, tls={"hosts": f"{SHOP},{WWW}"})
    dns[SHOP] = "192.0.2.7"
    own, asked = http.get, list[str]()
    seen = take_snapshot(stage.project, stage.proxy)

    def get(url: str, *rest: Any, **options: Any) -> http.Answer:
        if "example" not in url:
            found = own(url, *rest, **options)
            return replace(found, headers={**found.headers, "x-routes": "the-mark"})
        asked.append(url)
        if body is None:
            raise http.Unreachable("connection refused")
        return http.Answer(200, body, 0.0)

    monkeypatch.setattr("fream_compose.http.get", get)
    found = https_facts(stage.project, stage.proxy, seen)
    stage.project.close()

    assert found
    assert found.answers == {SHOP: answer}  # the other one has no address
    assert asked == [f"http://{SHOP}/.well-known/acme-challenge/fream"]


def test_where_nginx_is_silent_nothing_can_be_known(stage: Stage) -> None:
    stage.nginx.stop()

    assert (
        https_facts(stage.project, stage.proxy, take_snapshot(stage.project, stage.proxy)) is None
    )


@pytest.mark.usefixtures("dns")
def test_a_port_443_that_somebody_else_holds_is_told_where_nginx_lacks_it(stage: Stage) -> None:
    (address,) = (a for a in stage.settings.addresses["nginx"] if a.inner == 443)
    with socket.create_server((address.host, address.port)):
        assert project_facts(stage.project, stage.proxy).taken == ()  # it is nginx's own
        stage.project.made_with["nginx"] = {"reached": ((8090, "127.0.0.1", 1),)}
        (taken,) = project_facts(stage.project, stage.proxy).taken

    assert f"Port {address.port}, which nginx needs, is in use" in taken[0]
