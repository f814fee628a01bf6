"""Users are turned away for a while, politely, and without cutting anyone off."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests

from tests.stories import web
from tests.stories.docker import docker, inspect
from tests.stories.project import Project
from tests.stories.releases import GOOD
from tests.stories.waiting import eventually

NASTY = "Back at 5; \"${host}\" <b>'50%'</b> & 곧 \\ }"
SHOWN = "Back at 5; &#34;&#36;{host}&#34; &#60;b&#62;&#39;50%&#39;&#60;/b&#62; &#38; 곧 &#92; }"


@pytest.fixture
def closed(released: Project) -> Iterator[Project]:
    """The project, closed with a message that is hard to carry."""
    released.succeed("maintenance", "on", "--message", NASTY)
    yield released
    released.succeed("maintenance", "off")


def gateway(project: Project) -> str:
    """The address that nginx sees of a client on this server."""
    networks = inspect(project.container("nginx"))["NetworkSettings"]["Networks"]
    return str(networks[project.name]["Gateway"])


def test_users_get_503_retry_after_and_the_message(closed: Project) -> None:
    for answer in (closed.get("/products"), closed.get("/anything")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "60"
        assert answer.headers["Cache-Control"] == "no-store"
        assert SHOWN in answer.text
    order = web.post(f"{closed.url}/orders", b"x" * 1000)
    assert (order.status_code, order.headers["Retry-After"]) == (503, "60")


def test_it_closes_and_opens_from_one_request_to_the_next(released: Project) -> None:
    """One connection stays open over all of it: nothing is reloaded."""
    address = urlsplit(released.url)
    with closing(HTTPConnection(str(address.hostname), address.port, timeout=10)) as connection:
        connection.connect()
        socket = connection.sock
        for action, status in (("on", 503), ("off", 200)) * 3:
            released.succeed("maintenance", action)
            connection.request("GET", "/products")
            with connection.getresponse() as answer:
                answer.read()
            assert answer.status == status
            assert connection.sock is socket


def test_it_outlives_a_restart_of_nginx_and_a_switch(closed: Project) -> None:
    docker("restart", closed.container("nginx"))
    eventually(lambda: closed.get("/products").status_code == 503)

    switched = closed.switch(GOOD)

    assert "failed" not in switched.out.replace("0 failed", "")
    assert closed.get("/products").status_code == 503
    told = json.loads(closed.succeed("status", "--output", "json").out)["result"]
    assert told["live"]["version"] == GOOD
    assert told["maintenance"]["message"] == NASTY


def test_the_allow_list_passes_and_a_header_does_not(closed: Project) -> None:
    forged = {"X-Forwarded-For": gateway(closed), "X-Real-IP": gateway(closed)}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{closed.url}/products", headers=forged, timeout=10)
    assert answer.status_code == 503

    allowed = ["--allow", gateway(closed), "--allow", "2001:db8::/32"]
    closed.succeed("maintenance", "on", "--message", NASTY, *allowed)
    assert closed.version() == GOOD

    closed.succeed("maintenance", "on", "--allow", "192.0.2.0/24")
    assert closed.get("/products").status_code == 503


def test_a_request_in_flight_is_answered_and_the_page_can_be_replaced(released: Project) -> None:
    answers: list[requests.Response] = []
    slow = threading.Thread(target=lambda: answers.append(released.get("/slow", seconds="4")))
    page = released.folder / "nginx" / "pages" / "maintenance.html"
    before = page.read_text(encoding="utf-8")
    try:
        slow.start()
        page.write_text("<p>Our own page", encoding="utf-8")
        released.succeed("maintenance", "on")
        assert released.get("/products").text.strip() == "<p>Our own page"
        slow.join()
        assert [answer.status_code for answer in answers] == [200]
    finally:
        page.write_text(before, encoding="utf-8")
        released.succeed("maintenance", "off")
    assert released.version() == GOOD


def test_a_broken_configuration_is_7_and_changes_nothing(released: Project) -> None:
    broken = released.folder / "nginx" / "site.d" / "broken.conf"
    broken.write_text("broken;\n", encoding="utf-8")
    try:
        before = released.picture()
        result = released.fream("maintenance", "on", "--allow", "192.0.2.1")
        assert result.code == 7
        assert "site.d/broken.conf:1" in result.err
        assert released.picture() == before
    finally:
        broken.unlink()
    assert released.get("/products").status_code == 200
