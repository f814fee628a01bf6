"""Whether nginx would answer the ACME server: only what it serves itself counts."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import probe
import pytest
from wanted import Place

from tests.fakes.server import HttpServer
from tests.ports import free_port
from tests.unit.acme.world import HOST

REAL = http.client.HTTPConnection


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Place]:
    """nginx at a port of this test's."""

    def build(port: int) -> Place:
        def connect(host: str, _port: int, timeout: float) -> http.client.HTTPConnection:
            return REAL(host, port, timeout=timeout)

        monkeypatch.setattr(http.client, "HTTPConnection", connect)
        return Place(nginx="127.0.0.1")

    return build


@pytest.mark.parametrize(("status", "serves"), [(200, True), (404, False), (503, False)])
def test_nginx_answers_when_it_serves(
    at: Callable[[int], Place], status: int, serves: bool
) -> None:
    asked: list[str] = []

    def reply(path: str) -> tuple[int, dict[str, str], str]:
        asked.append(path)
        return status, {}, "mark"

    server = HttpServer(0, reply)
    try:
        assert probe.nginx_serves(at(server.port), HOST) is serves
    finally:
        server.close()
    assert asked == [probe.PATH]


def test_nothing_that_listens_is_no_answer(at: Callable[[int], Place]) -> None:
    assert not probe.nginx_serves(at(free_port()), HOST)
