"""What nginx does for the app and for the operator."""

from __future__ import annotations

import json
import secrets

import pytest

from tests.e2e import web
from tests.e2e.docker import logs
from tests.e2e.project import Project
from tests.e2e.waiting import eventually
from tests.load import Load, Mix


def test_a_websocket_works_through_nginx(live: Project) -> None:
    with Load(live.http_port, Mix.only(websocket=1), 30) as load:
        load.wait_for(3)
    assert load.report.ok, "\n".join(load.report.lines())


@pytest.mark.parametrize("keyword", ["운동", "yo"])
def test_products_are_found_by_two_characters(live: Project, keyword: str) -> None:
    answer = live.get("/products", keyword=keyword)
    names = [product["name"] for product in answer.json()]
    assert names
    assert all(keyword in name.lower() for name in names)


def test_each_request_is_a_line_of_json_in_nginxs_log(live: Project) -> None:
    mark = secrets.token_hex(8)
    live.get("/version", mark=mark)
    container = live.container("nginx")
    eventually(lambda: mark in logs(container))
    lines = [json.loads(line) for line in logs(container).splitlines() if line.startswith("{")]
    found = next(line for line in lines if mark in line["uri"])
    assert found["status"] == 200
    assert found["set"] == live.live_set
    assert found["method"] == "GET"
    assert found["seconds"] >= 0
    assert found["upstream_status"] == "200"


def test_the_control_port_tells_what_is_live(live: Project) -> None:
    told = web.get(f"{live.control_url}/live").json()
    assert told["set"] in ("set1", "set2")
    assert told["version"].startswith(live.version())
    assert told["switch"]


def test_the_control_port_reaches_a_set_by_its_name(live: Project) -> None:
    answer = web.get(f"{live.control_url}/{live.live_set}/version")
    assert answer.status_code == 200
    assert answer.json()["version"] == live.version()
    assert web.get(f"{live.control_url}/{live.idle_set}/version").status_code == 502


def test_a_large_order_arrives_whole(live: Project) -> None:
    body = secrets.token_bytes(3_000_000)
    answer = web.post(f"{live.url}/orders", body)
    assert answer.status_code == 201
    assert answer.json()["bytes"] == len(body)


def test_the_app_learns_who_asked_and_how(live: Project) -> None:
    told = live.get("/headers").json()
    host = f"127.0.0.1:{live.http_port}"
    assert (told["host"], told["x-forwarded-host"]) == (host, host)
    assert told["x-forwarded-proto"] == "http"
    assert told["x-real-ip"] == told["x-forwarded-for"].split(", ")[-1]
