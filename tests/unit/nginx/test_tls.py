"""HTTPS as nginx reads it: which name has which certificate, who is sent to it, and who is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.nginx import route_files
from fream_compose.nginx.routes import PLAIN, Routes, routes_of
from fream_compose.project.compose_config import parse
from fream_compose.release import SetName
from tests.fakes.stage import ROOT, compose_config

SHOP, WILD = "shop.example.com", "*.example.com"
LONG = f"{'a-very-long-name' * 3}.example.com"
ADMIN = {"admin": {"host": "admin.example.com", "port": 9000}}
READERS = ("nginx.conf", "app.conf", "control.conf", "live.inc")


def rendered(*hosts: str, port: int = 443, services: Any = (), **tls: Any) -> Routes:
    """The routes of a project with these names."""
    asked = {"hosts": list(hosts), "challenge": "dns-none", **tls}
    config = compose_config(Path("/nginx"), 18090, services=dict(services), tls=asked)
    published = {"host_ip": "", "published": str(port), "target": 443}
    config["services"]["nginx"]["ports"].append(published)
    for name in SetName:
        config["services"][f"{name}-admin"] = {"profiles": [str(name)], "image": "more:1"}
    return routes_of(parse(config, Path("/compose")))


def servers(found: Routes) -> dict[str, str]:
    """The servers of port 443 by their names."""
    texts = re.findall(
        r"^server \{\n(    listen 443 .*?)^\}", found.files["http.conf"], re.M | re.S
    )
    return {re.findall(r"server_name (.*);", text)[0]: text for text in texts}


def way(found: Routes, asked: str) -> str:
    """The certificate of who asked for `scheme:host`, as the map for port 80 says it."""
    text = re.findall(r"\$tls_place \{\n(.*?)^\}", found.files["http.conf"], re.M | re.S)[0]
    rows = re.findall(r'^    "~(.*)"  (.*);$', text, re.M)
    return next((place for pattern, place in rows if re.search(pattern, asked)), "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """nginx's folder with the files that read the routes."""
    for name in READERS:
        (tmp_path / name).write_text((ROOT / "nginx" / name).read_text())
    return tmp_path


def test_without_names_there_is_nothing_of_it() -> None:
    assert rendered(email="me@example.com", hsts=60) == PLAIN


def test_each_name_is_a_server_with_a_root_of_its_own_and_all_that_the_app_has() -> None:
    found = servers(rendered(SHOP, "www.example.com"))

    assert set(found) == {"_", SHOP, "www.example.com"}
    for host in (SHOP, "www.example.com"):
        parts = ("routes/tls.inc", "live.inc", "site.d/*.conf", "unavailable.inc")
        for part in (*parts, "routes/app.conf"):
            assert f"include {part};" in found[host]
        assert f"root /tls/live/{host};" in found[host]
        assert "redirect" not in found[host]


def test_nothing_that_a_client_sends_is_part_of_a_path() -> None:
    found = rendered(SHOP, WILD, services=ADMIN)

    for text in found.files.values():
        for line in re.findall(r"^ *(?:root|alias|ssl_certificate\w*) .*;", text, re.M):
            assert set(re.findall(r"\$\w+", line)) <= {"$tls_pair"}, line
    assert "map $realpath_root $tls_pair {" in found.files["http.conf"]


def test_who_names_none_of_ours_sees_no_certificate() -> None:
    nobody = servers(rendered(SHOP))["_"]

    assert "listen 443 ssl default_server" in nobody
    assert "ssl_reject_handshake on;" in nobody
    assert "return 421;" in nobody


def test_a_wildcard_is_for_one_label_and_comes_after_the_names() -> None:
    found = servers(rendered(WILD, SHOP))

    (pattern,) = (name for name in found if "~" in name)
    assert "root /tls/live/_.example.com;" in found[pattern]
    matches = re.compile(pattern.strip('"').removeprefix("~")).search
    assert matches("any.example.com")
    for other in ("a.b.example.com", "example.com", "any.example.com.evil.org", "anyxexample.com"):
        assert not matches(other), other
    assert list(found) == ["_", SHOP, pattern]


def test_a_name_that_is_too_long_for_nginx_s_table_is_compared_with_a_pattern() -> None:
    assert f'"~^{LONG}$"'.replace(".", r"\.") in servers(rendered(LONG))


@pytest.mark.parametrize("hosts", [(WILD,), ("admin.example.com",)])
def test_a_host_with_routes_of_its_own_has_them_under_its_certificate(
    hosts: tuple[str, ...],
) -> None:
    found = servers(rendered(*hosts, services=ADMIN))["admin.example.com"]

    assert "include routes/host-admin.example.com.inc;" in found
    assert f"root /tls/live/{hosts[0].replace('*', '_')};" in found


def test_a_host_without_a_certificate_is_no_server_of_https() -> None:
    assert set(servers(rendered("shop.example.org", services=ADMIN))) == {"_", "shop.example.org"}


@pytest.mark.parametrize(("port", "shown"), [(443, ""), (8443, ":8443")])
def test_users_are_sent_on_with_the_port_that_is_published(port: int, shown: str) -> None:
    redirect = rendered(SHOP, port=port).files["redirect.inc"]

    assert f"return 308 https://$host{shown}$request_uri;" in redirect
    assert "set $live_set redirect;" in redirect
    assert "if (-f $tls_place/../trusted) {" in redirect, "only to what browsers take"


def test_only_who_comes_by_http_for_a_name_with_a_certificate_is_sent_on() -> None:
    found = rendered(SHOP, "*.other.example.com")

    assert way(found, f"http:{SHOP}") == f"/tls/live/{SHOP}"
    assert way(found, "http:any.other.example.com") == "/tls/live/_.other.example.com"
    for asked in (
        f"https:{SHOP}",
        "http:127.0.0.1",
        f"http:evil.{SHOP}",
        "http:shopxexample.com",
        "http:a.b.other.example.com",
    ):
        assert way(found, asked) == "", asked


def test_both_kinds_of_servers_on_port_80_send_users_on_unless_it_is_off() -> None:
    on, off = (
        rendered("admin.example.com", services=ADMIN, redirect=redirect)
        for redirect in (True, False)
    )

    assert on.files["http.conf"].count("include routes/redirect.inc;") == 1
    assert "include routes/redirect.in[c];" in (ROOT / "nginx" / "app.conf").read_text()
    assert "redirect.inc" not in off.files
    assert "redirect.inc" not in off.files["http.conf"]
    assert "$tls_place" not in off.files["http.conf"]


def test_browsers_are_told_to_stay_where_it_is_asked() -> None:
    assert "Strict-Transport-Security" not in str(rendered(SHOP).files)
    told = servers(rendered(SHOP, hsts=31_536_000))[SHOP]

    assert 'set $hsts "max-age=31536000";' in told
    assert "add_header Strict-Transport-Security $hsts always;" in told
    location = (ROOT / "nginx" / "unavailable.inc").read_text().partition("location @unavail")[2]
    assert "add_header Strict-Transport-Security $hsts always;" in location, "it inherits none"
    assert 'map "" $hsts {' in (ROOT / "nginx" / "control.conf").read_text()


@pytest.mark.parametrize(
    ("path", "proves"),
    [
        ("/.well-known/acme-challenge/aZ0_-", True),
        ("/.well-known/acme-challenge/", False),
        ("/.well-known/acme-challenge/a/b", False),
        ("/.well-known/acme-challenge/a.b", False),
        ("/a/.well-known/acme-challenge/a", False),
        ("/xwell-known/acme-challenge/a", False),
    ],
)
def test_nothing_closes_a_proof_and_only_a_proof(path: str, proves: bool) -> None:
    text = rendered(SHOP).files["challenge.inc"]

    pattern, then = re.findall(r'if \(\$uri ~ "(.*)"\) \{\n(.*?)^\}', text, re.M | re.S)[0]
    assert bool(re.search(pattern, path)) == proves
    assert "set $live_set acme;" in then
    assert 'set $closed   "";' in then
    assert (ROOT / "nginx" / "live.inc").read_text().endswith("include routes/challenge.in[c];\n")


def test_this_nginx_is_known_by_its_mark() -> None:
    found = rendered(SHOP)

    assert f'return 200 "{found.mark}\\n";' in found.files["challenge.inc"]
    assert f"X-Routes {found.mark} always" in found.files["control.conf"]


def test_the_mark_changes_with_what_is_set() -> None:
    asked: list[dict[str, Any]] = [{}, {"hsts": 60}, {"redirect": False}, {"port": 8443}]
    asked += [{"email": "me@example.com"}, {"server": "https://acme.example.com/directory"}]
    marks = {rendered(SHOP, **more).mark for more in asked} | {rendered(SHOP, WILD).mark}

    assert len(marks) == len(asked) + 1
    assert "" not in marks


def test_the_keeper_reads_what_it_needs_and_no_more() -> None:
    told = json.loads(rendered(SHOP, WILD, email="me@example.com").files["certificates.json"])

    assert told == {
        "hosts": [SHOP, WILD],
        "email": "me@example.com",
        "server": "",
        "challenge": "dns-none",
        "source": "acme",
    }


def test_the_state_of_certificates_is_for_who_has_the_key() -> None:
    text = rendered(SHOP).files["control.conf"]

    door = re.findall(r"^location = /certificates \{\n(.*?)^\}", text, re.M | re.S)[0]
    assert "if (!-f /etc/nginx/.key/$control_key) { return 403; }" in door
    assert "alias /tls/state.json;" in door


def test_what_is_put_is_taken_away_again(folder: Path) -> None:
    found = rendered(SHOP, services=ADMIN)

    route_files.put(folder, found)
    assert {path.name for path in (folder / "routes").iterdir()} == set(found.files)
    route_files.put(folder, PLAIN)
    assert {path.name for path in (folder / "routes").iterdir()} == {"app.conf"}


@pytest.mark.parametrize(
    ("reader", "missing"), [("live.inc", "challenge"), ("app.conf", "redirect")]
)
def test_files_of_an_earlier_fream_are_named_before_anything_is_written(
    folder: Path, reader: str, missing: str
) -> None:
    text = (folder / reader).read_text()
    (folder / reader).write_text(re.sub(rf"include routes/{missing}.*;", "", text))

    with pytest.raises(ConfigurationError) as caught:
        route_files.put(folder, rendered(SHOP))

    assert f"nginx/{reader}" in caught.value.what
    assert f"include routes/{missing}.in[c];" in caught.value.why
    assert not (folder / "routes").exists()
    route_files.put(folder, PLAIN)  # who does not ask for it needs none of it
