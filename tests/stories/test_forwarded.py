"""What the app is told of a client: what nginx knows, or what a trusted load balancer says."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.stories.docker import inspect
from tests.stories.project import Project

CLIENT = "203.0.113.7"
# All of it is a client's word.
SAID = {
    "X-Forwarded-For": CLIENT,
    "X-Real-IP": CLIENT,
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "666",
}
TAKEN_AWAY = {
    "Forwarded": f"for={CLIENT};proto=https;host=evil.example",
    "X-Forwarded-By": CLIENT,
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Ssl": "on",
    "X-Original-URL": "/admin",
    "X-Rewrite-URL": "/admin",
    "Client-IP": CLIENT,
    "X-Client-IP": CLIENT,
    "True-Client-IP": CLIENT,
    "Proxy": "http://evil.example",
    "X_Forwarded_For": CLIENT,
}


def told(project: Project, **headers: str) -> dict[str, str]:
    """The headers that the app gets when a client sends these."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{project.url}/headers", headers=headers, timeout=10)
    assert answer.status_code == 200
    seen: dict[str, str] = answer.json()
    return seen


@contextmanager
def trusted(project: Project, network: str) -> Iterator[None]:
    """The commented lines of the template with a load balancer's network in them."""
    path = project.folder / "nginx/http.d/trusted-proxies.conf"
    before = path.read_text(encoding="utf-8")
    text = before.replace("\n#set_", "\nset_").replace("\n#real", "\nreal")
    assert "10.0.0.0/8" in text
    path.write_text(text.replace("10.0.0.0/8", network), encoding="utf-8")
    try:
        project.succeed("reload")
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        project.succeed("reload")


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("GET /headers HTTP/1.0", "localhost"),
        ("GET /headers HTTP/1.1\r\nHost: Shop.example:81", "Shop.example:81"),
        ("GET http://shop.example/headers HTTP/1.1\r\nHost: admin.example", "shop.example"),
    ],
    ids=["no host", "a host", "a whole address"],
)
def test_the_app_is_asked_by_the_name_that_chose_its_server(
    released: Project, said: str, host: str
) -> None:
    with socket.create_connection(("127.0.0.1", released.http_port), timeout=10) as client:
        client.sendall(f"{said}\r\nConnection: close\r\n\r\n".encode())
        answer = client.makefile("rb").read().decode()

    assert answer.startswith("HTTP/1.1 200 ")
    seen = json.loads(answer.partition("\r\n\r\n")[2])
    assert (seen["host"], seen["x-forwarded-host"]) == (host, host)


def connected_from(project: Project) -> str:
    """The address that nginx sees of a client on this server."""
    return told(project)["x-real-ip"]


def test_the_app_learns_who_asked_and_how(released: Project) -> None:
    host = f"127.0.0.1:{released.http_port}"
    networks = inspect(released.container("nginx"))["NetworkSettings"]["Networks"].values()

    seen = told(released)

    assert (seen["host"], seen["x-forwarded-host"]) == (host, host)
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-port"] == f"{released.http_port}", "the port that users typed"
    assert seen["x-forwarded-for"] == seen["x-real-ip"]
    assert seen["x-real-ip"] in {network["Gateway"] for network in networks}


def test_what_a_client_says_of_itself_is_not_believed(released: Project) -> None:
    honest = told(released)

    seen = told(released, **SAID, **TAKEN_AWAY)

    assert {name.lower() for name in TAKEN_AWAY} & set(seen) == set()
    assert {name: seen[name.lower()] for name in SAID} == {
        name: honest[name.lower()] for name in SAID
    }


def test_the_word_of_a_load_balancer_counts_where_it_is_named(released: Project) -> None:
    said = {**SAID, "X-Forwarded-For": f"198.51.100.1, {CLIENT}"}
    with trusted(released, connected_from(released)):
        seen = told(released, **said, **TAKEN_AWAY)
        silent = told(released, **{"X-Forwarded-Proto": "https"})
        nonsense = told(released, **{**said, "X-Forwarded-Proto": "https, http"})

    # The last of the chain only: what stands before it anybody may have written.
    assert (seen["x-forwarded-for"], seen["x-real-ip"]) == (CLIENT, CLIENT)
    assert (seen["x-forwarded-proto"], seen["x-forwarded-port"]) == ("https", "443")
    assert seen["x-forwarded-host"] == seen["host"]
    assert {name.lower() for name in TAKEN_AWAY} & set(seen) == set()
    assert silent["x-forwarded-proto"] == nonsense["x-forwarded-proto"] == "http"


@pytest.mark.parametrize("network", ["10.0.0.0/8", "2001:db8::/32"])
def test_the_word_of_anybody_else_still_does_not(released: Project, network: str) -> None:
    before = told(released)
    assert not before["x-real-ip"].startswith("10.")

    with trusted(released, network):
        seen = told(released, **SAID)

    assert {name: seen[name.lower()] for name in SAID} == {
        name: before[name.lower()] for name in SAID
    }
