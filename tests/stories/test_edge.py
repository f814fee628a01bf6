"""What nginx does for a release of several services: a front end, an API, files of old pages."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from tests.stories import web
from tests.stories.docker import docker
from tests.stories.own_app import fream, project, run
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import ROOT, Releases, machine_images
from tests.stories.waiting import eventually

PROJECT = f"{NAME}-edge"
PORT = FIRST_PORT + 1280
URL = f"http://127.0.0.1:{PORT}"
HELP = "help.example.com"
VERSIONS = ("1.0.0", "1.0.1", "1.0.2", "1.0.3")
SHARED = """
  {set}-{role}:
    <<: *app
    profiles: [{set}]
    image: ${{IMAGE_REGISTRY}}/${{IMAGE_NAME}}:${{{variable}:-none}}
    command: [python, -u, /srv/server.py, {role}, "3000"]
"""


def documented(title: str, kind: str) -> list[str]:
    """The examples of a section of the documentation."""
    text = (ROOT / "docs" / "apps.md").read_text(encoding="utf-8")
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)


def set_x_fream(folder: Path, block: str) -> None:
    """Put a block of settings in the place of the one with its name."""
    path = folder / "compose" / "compose.yaml"
    name = block.split(":")[0]
    old = re.compile(rf"^{name}:.*\n(?:    .*\n)*", re.MULTILINE)
    path.write_text(old.sub(lambda _: block, path.read_text(encoding="utf-8")), encoding="utf-8")


def answer(path: str, host: str = "shop.example.com") -> tuple[str, str]:
    """Who answers a path, and of which version."""
    with requests.Session() as session:
        session.trust_env = False
        told = session.get(URL + path, headers={"Host": host}, timeout=web.SECONDS).json()
    return told["role"], told["version"]


def result(folder: Path, *arguments: str) -> dict[str, Any]:
    """What a run of fream tells a program."""
    told: dict[str, Any] = json.loads(fream(folder, *arguments, "--output", "json"))["result"]
    return told


def drift(folder: Path) -> list[str]:
    """What is set and does not hold yet."""
    return [found["what"] for found in result(folder, "status")["drift"]]


class Seen(NamedTuple):
    """An answer to one of the visitors."""

    began: float
    ended: float
    role: str
    version: str


class Visitors:
    """People who ask the front end and the API in turn, and never retry."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.failed: list[str] = []
        self._over = threading.Event()

    def visit(self, keep: bool) -> None:
        """Ask until it is over."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        while not self._over.wait(0.005):
            for method, path in (("GET", "/page"), ("POST", "/api/orders")):
                began = time.monotonic()
                try:
                    connection.request(method, path, body=b"x" if method == "POST" else None)
                    got = connection.getresponse()
                    told = json.loads(got.read())
                    assert got.status == 200, got.status
                    self.seen.append(Seen(began, time.monotonic(), told["role"], told["version"]))
                except (OSError, http.client.HTTPException, ValueError, AssertionError) as error:
                    self.failed.append(f"{method} {path}: {error!r}")
                    connection.close()
                if not keep:
                    connection.close()
        connection.close()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them ask for the length of a block."""
        threads = [threading.Thread(target=self.visit, args=(k,)) for k in (True, True, False)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: len(self.seen) > 50)
            yield
            asked = len(self.seen)
            eventually(lambda: len(self.seen) > asked + 50)
        finally:
            self._over.set()
            for thread in threads:
                thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Path]:
    """A project whose infra is up, with a front end from a folder; the tests go on in turn."""
    image = f"{releases.registry}/pages"
    base = f"BASE_IMAGE={machine_images()['BASE_IMAGE']}"
    for version in VERSIONS:
        tag = f"{image}:{version}"
        options = ["--build-arg", base, "--build-arg", f"VERSION={version}"]
        label = ["--label", f"{releases.label}=1", "--tag", tag]
        docker("build", "--quiet", *options, *label, str(ROOT / "tests" / "apps" / "pages"))
        docker("push", "--quiet", tag)
    options = ["--image", image, "--app-port", "8080", "--health-path", "/api/health"]
    options += ["--http-port", f"127.0.0.1:{PORT}", "--set", "GUARD=1s"]
    with project(tmp_path_factory.mktemp("edge"), PROJECT, *options) as made:
        nginx = made / "nginx"
        (nginx / "www").mkdir()
        (nginx / "www" / "index.html").write_text("<h1>Shop</h1>")
        (nginx / "www" / "shop.css").write_text("h1 {}")
        title = "A front end at /, the API below it"
        (nginx / "site.d" / "front.conf").write_text(documented(title, "nginx")[0])
        (nginx / "site.d" / "patience.conf").write_text("proxy_read_timeout 2s;\n")
        set_x_fream(made, documented(title, "yaml")[0])
        fream(made, "up", "infra")
        fream(made, "switch", "--version", VERSIONS[0])
        yield made


def test_a_front_end_from_a_folder_has_the_api_below_it(folder: Path) -> None:
    style, page, deep = (web.get(URL + path) for path in ("/shop.css", "/", "/cart/7"))
    assert style.headers["Content-Type"] == "text/css"
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.text == deep.text == "<h1>Shop</h1>"
    assert answer("/api") == answer("/api/v1") == ("api", VERSIONS[0])
    assert web.get(f"{URL}/apiary").text == "<h1>Shop</h1>"

    (folder / "nginx" / "www" / "shop.css").write_text("h2 {}")

    assert web.get(f"{URL}/shop.css").text == "h2 {}"
    assert drift(folder) == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_app_that_takes_too_long_is_a_504_that_invites_nobody_to_ask_again(
    method: str,
) -> None:
    with requests.Session() as session:
        session.trust_env = False
        late = session.request(method, f"{URL}/api/late", data=b"pay", timeout=30)
    assert late.status_code == 504
    assert "Retry-After" not in late.headers


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("status", [404, 502, 503, 504])
def test_what_the_app_says_itself_passes_as_it_is(status: int) -> None:
    for own in (web.get(f"{URL}/api/own/{status}"), web.post(f"{URL}/api/own/{status}", b"x")):
        assert (own.status_code, own.text) == (status, "the app's own words")
        assert "Retry-After" not in own.headers


@pytest.mark.usefixtures("folder")
def test_large_cookies_and_headers_pass_both_ways() -> None:
    with requests.Session() as session:
        session.trust_env = False
        cookie = {"Cookie": "login=" + "x" * 16_000}
        got = session.get(f"{URL}/api/large", headers=cookie, timeout=10)
    assert (got.status_code, got.text) == (200, "16006")
    assert len(got.headers["Set-Cookie"]) > 15_000
    assert len(got.headers["X-Permissions"]) == 13_000


def test_new_routes_are_refused_until_they_are_in_force_and_harm_no_release_before(
    folder: Path,
) -> None:
    services = documented("A front end at /, the API below it", "yaml")[1]
    set_x_fream(folder, f"{services}    help: {{host: {HELP}, port: 3000}}\n")
    set_x_fream(folder, documented("Pages from before a cut-over", "yaml")[0])
    app = folder / "compose" / "app.yaml"
    more = [
        SHARED.format(set=name, variable=f"{name.upper()}_VERSION", role=role)
        for name in ("set1", "set2")
        for role in ("ui", "help")
    ]
    app.write_text(app.read_text(encoding="utf-8") + "".join(more), encoding="utf-8")

    refused = run(folder, "switch", "--version", VERSIONS[1])
    assert refused.returncode == 3, refused.stderr
    assert "fream reload" in refused.stderr
    assert answer("/api/v1") == ("api", VERSIONS[0])
    assert drift(folder) == ["routes"]

    twice = run(folder, "reload")
    assert twice.returncode == 7, twice.stderr
    assert 'duplicate location "/"' in twice.stderr
    assert web.get(URL).text == "<h1>Shop</h1>"

    (folder / "nginx" / "site.d" / "front.conf").unlink()
    fream(folder, "reload")
    for host in ("shop.example.com", HELP):
        assert answer("/page", host) == ("api", VERSIONS[0]), "it has no other service yet"


def test_all_services_of_a_release_move_in_the_same_instant(folder: Path) -> None:
    fream(folder, "switch", "--version", VERSIONS[1])
    assert (answer("/page"), answer("/api/v1")) == (("ui", VERSIONS[1]), ("api", VERSIONS[1]))
    assert answer("/page", HELP) == ("help", VERSIONS[1])
    for old, new in ((VERSIONS[1], VERSIONS[2]), (VERSIONS[2], VERSIONS[3])):
        visitors = Visitors()
        with visitors.at_work():
            told = result(folder, "switch", "--version", new)

        assert visitors.failed == []
        assert {(seen.role, seen.version) for seen in visitors.seen} == {
            (role, version) for role in ("api", "ui") for version in (old, new)
        }
        moved = min(seen.ended for seen in visitors.seen if seen.version == new)
        late = [seen for seen in visitors.seen if seen.began > moved and seen.version == old]
        assert late == []
        evidence = told["evidence"]
        assert (evidence["failed"], evidence["caught"]) == (0, 0)
        assert evidence["served"] == sum(evidence["by_set"].values()) > 100


def test_a_page_from_before_finds_its_files(folder: Path) -> None:
    live, before = VERSIONS[3], VERSIONS[2]
    fream(folder, "switch", "--version", before, "--keep-warm", "10m")
    own = web.get(f"{URL}/assets/app.{live}.css")
    assert (own.status_code, own.text) == (200, f"/* {live} */"), "of the set that is kept warm"
    assert own.headers["Content-Type"] == "text/css"
    assert web.get(f"{URL}/assets/app.{before}.css").text == f"/* {before} */"
    assert web.get(f"{URL}/assets/plain.css").text == f"/* {before} */"

    fream(folder, "switch", "--version", VERSIONS[1])
    gone = web.get(f"{URL}/assets/app.{live}.css")
    assert (gone.status_code, gone.text) == (200, f"/* {live} */"), "kept by nginx"
    eventually(lambda: web.get(f"{URL}/assets/plain.css").text == f"/* {VERSIONS[1]} */")
    none = web.get(f"{URL}/assets/app.0.css")
    assert (none.status_code, none.text) == (404, f"/* {VERSIONS[1]} */"), "its own 404"
    assert web.post(f"{URL}/assets/app.{live}.css", b"x").status_code == 404
