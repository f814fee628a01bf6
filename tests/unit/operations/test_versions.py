"""Versions on the command line: from the engine and the registry, and never an error."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from fream_compose.docker.local_images import Image
from fream_compose.errors import ConfigurationError
from fream_compose.operations.versions import versions

ONE = Image("sha256:1", "r/app", ("1.0.0", "1.0.1"), (), frozenset({"sha256:1"}), 1, used=False)
Known = Callable[[str], list[str]]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Known:
    """The versions of an image, of which this server has 1.0.0 and 1.0.1."""

    def look(image: str) -> list[str]:
        settings = SimpleNamespace(image=image)
        project = SimpleNamespace(
            settings=settings, images=SimpleNamespace(local_images=lambda _: (ONE, replace(ONE)))
        )
        monkeypatch.setattr(
            "fream_compose.operations.versions.open_project", lambda _folder: project
        )
        return versions(tmp_path)

    return look


@pytest.fixture
def registry() -> Iterator[str]:
    """A registry with one image, and answers that make no sense for all others."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tags = {"name": "shop", "tags": ["1.0.1", "1.1.0"]}
            mine = self.path.startswith("/v2/team/shop/tags/list?")
            body = json.dumps(tags if mine else {"tags": None}).encode()
            self.send_response(200 if mine else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_here_and_what_the_registry_offers_are_both_known(
    known: Known, registry: str
) -> None:
    assert known(f"{registry}/team/shop") == ["1.0.0", "1.0.1", "1.1.0"]


def test_a_registry_that_knows_nothing_is_no_error(known: Known, registry: str) -> None:
    assert known(f"{registry}/other") == ["1.0.0", "1.0.1"]


def test_a_registry_that_does_not_answer_is_no_error(known: Known) -> None:
    assert known("127.0.0.1:9/shop") == ["1.0.0", "1.0.1"]


def test_docker_hub_is_not_asked(known: Known) -> None:
    assert known("acme/shop") == ["1.0.0", "1.0.1"]


def test_a_project_that_cannot_be_read_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_folder: Path) -> None:
        raise ConfigurationError("no")

    monkeypatch.setattr("fream_compose.operations.versions.open_project", refuse)

    assert versions(tmp_path) == []
