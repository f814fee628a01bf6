"""HTTP/2 clients and a cut-over: their connection stays, and no request of it is lost."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fream_compose.nginx import include
from fream_compose.release import LiveRelease, SetName, Version
from load.http2_clients import Http2Clients
from tests.stories.docker import docker
from tests.stories.place import NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases, machine_images
from tests.stories.waiting import eventually

SECONDS = 40
PAGE = 20  # requests on one connection
RENAMES = 1_000
MESSAGES = 75  # five a second
ID = "location = /id { alias /etc/nginx/live/answer.json; }\n"


@pytest.fixture(scope="module")
def clients() -> Http2Clients:
    found = Http2Clients(f"{NAME}/http2:1", NAME)
    found.build(machine_images()["BASE_IMAGE"])
    return found


@pytest.fixture
def url(released: Project, clients: Http2Clients) -> Iterator[str]:
    """A TLS server of the project's own, in front of a live set and a warm one."""
    nginx = released.folder / "nginx"
    clients.add_server(nginx)
    released.succeed("reload")
    try:
        yield f"https://{released.container('nginx')}"
    finally:
        clients.remove_server(nginx)
        released.succeed("reload")


@pytest.fixture
def both(released: Project, releases: Releases) -> Iterator[Project]:
    """A project whose old set is kept warm."""
    released.switch(GOOD)
    released.succeed("switch", "--version", releases.push("1.0.1"), "--keep-warm", "10m")
    before = include.read(released.folder / "nginx")
    try:
        yield released
    finally:
        include.put(released.folder / "nginx", before)


class Renamer:
    """Renames the link from one set to the other, again and again."""

    def __init__(self, nginx: Path) -> None:
        self._nginx = nginx
        self.ids: list[str] = []

    def rename(self) -> None:
        """Name the other set."""
        name = list(SetName)[len(self.ids) % 2]
        self.ids.append(f"20260101T000000Z-{len(self.ids):06x}")
        include.put(self._nginx, LiveRelease(name, Version("1.0"), self.ids[-1]))

    @contextmanager
    def beside(self, pause: float) -> Iterator[None]:
        """Rename for the length of a block, with a pause of so many seconds between."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(pause):
                self.rename()

        worker = threading.Thread(target=work)
        worker.start()
        try:
            yield
        finally:
            over.set()
            worker.join()


def test_clients_do_not_notice_releases(
    released: Project, releases: Releases, clients: Http2Clients, url: str
) -> None:
    clients.start(f"{url}/version", SECONDS)
    switches = 0
    while clients.running and (switches < 2 or switches * 10 < SECONDS - 10):
        released.switch(releases.push(f"1.0.{1 + switches % 2}"))
        switches += 1

    for name, found in clients.outcomes().items():
        assert found.failures == {}, name
        assert found.served > 100, name
        assert found.connections == 1, name
    assert switches > 1


def test_one_connection_outlives_a_hundred_thousand_requests_and_many_cut_overs(
    both: Project, clients: Http2Clients, url: str
) -> None:
    read_of_no_release(both)
    renamer = Renamer(both.folder / "nginx")
    with renamer.beside(pause=0.01):
        eventually(lambda: len(renamer.ids) > 1)
        asked = ("-c1", "-m10", "-n120000")
        told = clients.once("h2load", *asked, f"{url}/still")
    assert "120000 succeeded, 0 failed, 0 errored, 0 timeout" in told, told
    assert len(renamer.ids) > 30, "how many depends on who gets the processor"


def read_of_no_release(project: Project) -> None:
    """Have nginx look for either set at each request, as it does from a server's first day on."""
    include.put(project.folder / "nginx", None)
    docker("exec", project.container("nginx"), "nginx", "-s", "reload")
    eventually(lambda: project.get("/version").status_code == 503)


def test_a_grpc_stream_outlives_a_release_and_holds_its_drain(
    released: Project, releases: Releases, clients: Http2Clients, url: str
) -> None:
    server = released.container("streams")
    clients.serve_streams(server, MESSAGES)
    told: list[str] = []
    listen = ("node", "streams.mjs", "listen", f"{url}/stream")
    listener = threading.Thread(target=lambda: told.append(clients.once(*listen)))
    try:
        listener.start()
        eventually(lambda: released.ask_nginx(f"/busy/{released.live_set}").status_code == 503)
        released.switch(releases.push("1.0.1"))
        assert told, "the switch returned before the stream was at its end"
    finally:
        listener.join()
        docker("rm", "--force", server)
    assert told[0].strip() == f"{MESSAGES} messages, grpc-status 0"


def test_a_page_on_one_connection_never_sees_two_releases_out_of_order(both: Project) -> None:
    """By nginx's own answer and by the app's, over a thousand renames."""
    nginx = both.folder / "nginx"
    limits = nginx / "site.d" / "id.conf"
    limits.write_text(ID, encoding="utf-8")
    both.succeed("reload")
    renamer = Renamer(nginx)
    renamer.rename()
    pages: list[list[str]] = []
    try:
        with renamer.beside(pause=0.01):
            ends = time.monotonic() + 120
            while len(renamer.ids) < RENAMES and time.monotonic() < ends:
                pages.append(look(both))
    finally:
        limits.unlink()
    assert len(renamer.ids) >= RENAMES
    order = {switch: number for number, switch in enumerate(renamer.ids)}
    for page in pages:
        seen = [order[switch] for switch in page]
        assert seen == sorted(seen)
    assert sum(len(set(page)) > 1 for page in pages) > PAGE, "the renames fell between requests"
    both.succeed("reload")


def look(project: Project) -> list[str]:
    """The switches that the requests of a page were told, in turn with requests to the app."""
    seen = []
    with closing(HTTPConnection("127.0.0.1", project.http_port, timeout=10)) as connection:
        for path in ("/id", "/version") * (PAGE // 2):
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            assert answer.status == 200, text
            if path == "/id":
                seen.append(json.loads(text)["switch"])
            else:
                assert re.search(r"1\.0\.[01]", text)
    return seen
