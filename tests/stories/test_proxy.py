"""What nginx does for the app and for the operator."""

from __future__ import annotations

import json
import secrets

import pytest
import requests

from load import Load, Mix
from tests.stories import web
from tests.stories.docker import logs
from tests.stories.project import Project
from tests.stories.waiting import eventually


def test_a_websocket_works_through_nginx(released: Project) -> None:
    with Load(released.http_port, Mix.only(websocket=1), 30) as load:
        load.wait_for(3)
    assert load.report.ok, "\n".join(load.report.lines())


@pytest.mark.parametrize("protocol", ["h2c", "websocket, h2c", "TLS/1.0", "websockets"])
def test_nothing_but_a_websocket_makes_a_tunnel_of_a_connection(
    released: Project, protocol: str
) -> None:
    """It would go past maintenance, routing and the log."""
    asked = {"Upgrade": protocol, "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AA"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{released.url}/headers", headers=asked, timeout=10)

    seen = answer.json()
    assert answer.status_code == 200
    assert "upgrade" not in seen
    assert "upgrade" not in seen.get("connection", "").lower()


@pytest.mark.parametrize("keyword", ["운동", "yo"])
def test_products_are_found_by_two_characters(released: Project, keyword: str) -> None:
    answer = released.get("/products", keyword=keyword)
    names = [product["name"] for product in answer.json()]
    assert names
    assert all(keyword in name.lower() for name in names)


def test_each_request_is_a_line_of_json_in_nginxs_log(released: Project) -> None:
    mark = secrets.token_hex(8)
    released.get("/version", mark=mark)
    container = released.container("nginx")
    eventually(lambda: mark in logs(container))
    lines = [json.loads(line) for line in logs(container).splitlines() if line.startswith("{")]
    found = next(line for line in lines if mark in line["uri"])
    assert found["status"] == 200
    assert found["set"] == released.live_set
    assert found["method"] == "GET"
    assert found["seconds"] >= 0
    assert found["upstream_status"] == "200"


def test_the_control_port_tells_what_is_live(released: Project) -> None:
    told = web.get(f"{released.control_url}/live").json()
    assert told["set"] in ("set1", "set2")
    assert told["version"].startswith(released.version())
    assert told["switch"]


def test_the_control_port_reaches_a_set_by_its_name(released: Project) -> None:
    answer = released.ask_nginx(f"/{released.live_set}/version")
    assert answer.status_code == 200
    assert answer.json()["version"] == released.version()
    assert released.ask_nginx(f"/{released.idle_set}/version").status_code == 502


def test_a_large_order_arrives_whole(released: Project) -> None:
    body = secrets.token_bytes(3_000_000)
    answer = web.post(f"{released.url}/orders", body)
    assert answer.status_code == 201
    assert answer.json()["bytes"] == len(body)
