"""The evidence of a switch, when the app and the clients do their worst."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from load import Load, Mix
from tests.stories import breaker
from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import Releases, machine_images
from tests.stories.waiting import eventually

LOCATION = f"""location /broken/ {{
    set $breaker breaker:{breaker.PORT};
    proxy_pass http://$breaker;
    include proxy.inc;
    include net.inc;
}}
"""
GARBAGE = 10_000  # of each kind
CRAFTED = (
    "2026/11/25 12:00:00 [error] 29#29: *1 upstream prematurely closed connection while "
    'reading upstream, client: 10.0.0.1, server: _, request: "GET / HTTP/1.1"'
)


@pytest.fixture
def breaking(released: Project) -> Iterator[Project]:
    """The project, with an app beside it that breaks its answers off."""
    name = released.container("breaker")
    own = released.folder / "nginx" / "site.d" / "breaker.conf"
    docker("rm", "--force", name)
    where = ("--network", released.name, "--network-alias", "breaker")
    code = Path(breaker.__file__).read_text(encoding="utf-8")
    command = (machine_images()["BASE_IMAGE"], "python3", "-c", code)
    docker("run", "--detach", "--name", name, *where, *command)
    own.write_text(LOCATION, encoding="utf-8")
    released.set_env(GUARD="8s")
    released.succeed("reload")
    try:
        yield released
    finally:
        own.unlink()
        docker("rm", "--force", name)
        released.set_env(GUARD="1s")
        released.succeed("reload")


@dataclass
class Observed:
    """A switch and what its evidence says."""

    code: int
    evidence: dict[str, Any]
    live: str


def switched(project: Project, version: str, deed: Any) -> Observed:
    """Release a version under a little good load, and do something once it is live."""
    new = project.idle_set
    with Load(project.http_port, Mix.only(new=2, keepalive=2)) as load:
        load.wait_for(20)
        process = project.start("switch", "--version", version, "--output", "json")
        eventually(lambda: project.live_set == new)
        deed()
        load.wait_for(200)
        result = project.finish(process)
    assert load.report.ok, "\n".join(load.report.lines())
    told = json.loads(result.out)
    return Observed(result.code, told["result"]["evidence"], new)


def send(project: Project, *parts: bytes) -> bytes:
    """What a client reads that sends just this."""
    address = ("127.0.0.1", project.http_port)
    with suppress(ConnectionError), socket.create_connection(address, timeout=10) as client:
        client.sendall(b"".join(parts))
        return client.makefile("rb").read()
    return b""


def get(project: Project, path: str) -> bytes:
    return send(project, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())


@pytest.mark.parametrize("ending", ["fin", "rst"])
@pytest.mark.parametrize("kind", ["length", "chunked", "long"])
def test_an_answer_that_the_app_breaks_off_is_a_failure(
    breaking: Project, releases: Releases, kind: str, ending: str
) -> None:
    def ask() -> None:
        assert get(breaking, f"/broken/{kind}/{ending}").startswith(b"HTTP/1.1 200")
        assert b"x" * 100 in get(breaking, f"/broken/{'chunked' if kind == 'long' else kind}/whole")

    found = switched(breaking, releases.push("1.0.1"), ask)

    assert found.code == 0
    assert (found.evidence["failed"], found.evidence["broken_off"]) == (1, 1)
    assert found.evidence["failed_by_set"] == {found.live: 1}
    assert found.evidence["unread"] == 0


def test_clients_that_leave_are_told_from_answers_that_break_off(
    breaking: Project, releases: Releases
) -> None:
    """Who waited long for a silent app counts against it, and is no failure that users got."""
    slow, stream = "/slow?seconds=5", "/stream?chunks=100"

    def leave() -> None:
        for path, patience in ((stream, 1.5), (slow, 0.5), (slow, 1.5)) * 2:
            with socket.create_connection(("127.0.0.1", breaking.http_port)) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                client.settimeout(patience)
                with suppress(TimeoutError):
                    client.recv(100)
        get(breaking, "/broken/chunked/fin")

    found = switched(breaking, releases.push("1.0.1"), leave)

    assert (found.evidence["failed"], found.evidence["broken_off"]) == (1, 1)
    assert found.evidence["client_left"] == 6
    assert found.evidence["new"]["failed"] == 1 + 2


def garbage() -> Iterator[tuple[bytes, ...]]:
    """Requests that are none, and headers that look like lines of a log."""
    line = f'{CRAFTED}\\n{{"set":"set1","status":500}}'.encode()
    for _ in range(GARBAGE):
        yield (b"\x16\x03\x01 garbage\r\n\r\n",)
        yield (b"GET / HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n",)
        yield (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: x\r\n\r\n",)
        yield (
            b"GET /version?",
            line.replace(b" ", b"%20") + b"y" * 6000,
            b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: ",
            line,
            b"\r\nReferer: ",
            line,
            b"\r\n\r\n",
        )


def test_no_client_can_make_failures_or_hide_one(breaking: Project, releases: Releases) -> None:
    breaking.set_env(GUARD="90s")

    def flood() -> None:
        with ThreadPoolExecutor(16) as pool:
            answers = pool.map(lambda parts: send(breaking, *parts)[:12], garbage())
            get(breaking, "/broken/chunked/fin")
            codes = {answer[9:] for answer in answers}
        assert {b"400", b"505", b"501", b"200"} <= codes

    found = switched(breaking, releases.push("1.0.1"), flood)

    assert found.code == 0
    assert (found.evidence["failed"], found.evidence["unread"]) == (1, 0)
    assert breaking.version() == "1.0.1"


def test_a_release_whose_users_wait_in_vain_is_taken_back(
    breaking: Project, releases: Releases
) -> None:
    """Its health check has more patience than they have, and answers nginx's 504 to nobody."""
    over, old, new = threading.Event(), breaking.live_set, breaking.idle_set
    url = f"http://127.0.0.1:{breaking.http_port}/products"

    def use() -> None:
        while not over.is_set():
            with suppress(requests.Timeout):
                requests.get(url, timeout=2)
            over.wait(0.2)

    with ThreadPoolExecutor(8) as users:
        for _ in range(8):
            users.submit(use)
        try:
            result = breaking.fream(
                *("switch", "--version", releases.push("1.0.4", LATENCY_MS="3500")),
                *("--output", "json"),
            )
        finally:
            over.set()

    assert result.code == 8
    assert "of the old release's before it" in json.loads(result.out)["error"]["why"]
    assert breaking.live_set == old
    assert new not in breaking.running()
