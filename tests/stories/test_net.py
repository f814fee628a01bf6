"""While both releases run, one answers for the other; and what is in flight stays whole."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest

from load import Load, Mix
from tests.stories import web
from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.waiting import eventually

UPLOAD_SECONDS = 12
PIECE = b"x" * 1000


def test_users_do_not_notice_that_the_live_container_is_killed_while_another_is_warm(
    released: Project, releases: Releases
) -> None:
    released.switch(GOOD)
    released.succeed("switch", "--version", releases.push("1.0.1"), "--keep-warm", "10m")
    live = released.container(released.live_set)
    with Load(released.http_port, Mix.only(new=2, keepalive=4)) as load:
        load.wait_for(50)
        docker("kill", live)
        load.mark("killed")
        load.wait_for(200)
    assert load.report.ok, "\n".join(load.report.lines())
    assert load.report.phase("killed").by_version[GOOD] > 0

    released.succeed("recover")

    assert released.get("/products").status_code == 200


UNBUFFERED = """location = /echo {
    proxy_request_buffering off;
    proxy_pass http://$service_url;
    include proxy.inc;
    include net.inc;
}
"""
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_handshakes_and_bodies_are_caught_as_well(released: Project, releases: Releases) -> None:
    released.succeed("switch", "--version", releases.push("1.0.1"), "--keep-warm", "10m")
    docker("kill", released.container(released.live_set))

    for body in (b"x", b"x" * 2_000_000):
        answer = web.post(f"{released.url}/echo", body)
        assert (answer.status_code, answer.content) == (200, body)
    with closing(HTTPConnection("127.0.0.1", released.http_port, timeout=10)) as client:
        client.request("GET", "/ws", headers=HANDSHAKE)
        assert client.getresponse().status == 101

    released.succeed("recover")


@pytest.mark.parametrize(("method", "status"), [("POST", 502), ("GET", 200)])
def test_what_the_app_had_begun_is_asked_of_the_other_only_where_that_is_safe(
    released: Project, releases: Releases, method: str, status: int
) -> None:
    released.succeed("switch", "--version", releases.push("1.0.1"), "--keep-warm", "10m")
    live, url = released.live_set, f"{released.url}/slow?seconds=4"
    ask = web.post if method == "POST" else lambda url, _: web.get(url)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, url, b"")
        eventually(lambda: released.ask_nginx(f"/busy/{live}").status_code == 503)
        docker("kill", released.container(live))
        assert answer.result().status_code == status

    released.succeed("recover")


def test_a_body_that_is_passed_on_as_it_comes_cannot_be_sent_again_and_nginx_says_so(
    released: Project,
) -> None:
    own = released.folder / "nginx" / "site.d" / "echo.conf"
    own.write_text(UNBUFFERED, encoding="utf-8")
    try:
        refused = released.fream("reload")
        assert refused.code == 7
        assert '"proxy_request_buffering" directive is duplicate' in refused.err
    finally:
        own.unlink()


def test_without_another_good_set_there_is_no_net(released: Project) -> None:
    released.switch(GOOD)
    net = list((released.folder / "nginx" / "live").glob("net-*"))
    assert net == []
    docker("kill", released.container(released.live_set))
    assert released.get("/products").status_code in (502, 503, 504)

    released.succeed("recover")

    assert released.get("/products").status_code == 200


def upload(project: Project, answered: list[int], began: threading.Event) -> None:
    """A body that takes its time; nginx gives it to the app when it is whole."""
    size = UPLOAD_SECONDS * 2 * len(PIECE)
    head = f"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", project.http_port), timeout=60) as client:
        client.sendall(head.encode())
        for _ in range(UPLOAD_SECONDS * 2):
            client.sendall(PIECE)
            began.set()
            time.sleep(0.5)
        answered.append(int(client.makefile("rb").readline().split()[1]))


def test_an_upload_that_nginx_still_receives_is_answered_by_the_set_it_was_given_to(
    released: Project, releases: Releases
) -> None:
    answered: list[int] = []
    began = threading.Event()
    sender = threading.Thread(target=upload, args=(released, answered, began))
    sender.start()
    assert began.wait(60)

    switched = released.switch(releases.push("1.0.1"))

    sender.join(timeout=60)
    assert answered == [200]
    assert switched.seconds > UPLOAD_SECONDS / 2
    assert "nothing in flight" in switched.text


def test_a_switch_closes_no_connection(released: Project, releases: Releases) -> None:
    client = HTTPConnection("127.0.0.1", released.http_port, timeout=60)
    with closing(client):
        before, connection = version(client), client.sock
        wanted = releases.push("1.0.1" if before == GOOD else "1.0.2")
        released.switch(wanted)
        assert (version(client), client.sock) == (wanted, connection)


def version(client: HTTPConnection) -> str:
    client.request("GET", "/version")
    return str(json.loads(client.getresponse().read())["version"])


@pytest.mark.parametrize("harm", ["unlink", "directory"])
def test_a_link_that_is_lost_means_what_nginx_read_and_recover_finds_the_rest(
    released: Project, harm: str
) -> None:
    before, link = released.live(), released.folder / "nginx" / "live"
    link.unlink()
    if harm == "directory":
        link.mkdir()
    told = json.loads(released.fream("status", "--output", "json").out)
    assert not told["ok"]

    released.succeed("recover")

    assert eventually(lambda: released.get("/products").status_code == 200)
    now = released.live()
    assert now
    assert before
    assert (now["set"], now["version"]) == (before["set"], before["version"])
