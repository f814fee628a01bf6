"""HTTP to loopback: an answer, or the reason why there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from fream_compose import web
from tests.fakes import free_port
from tests.fakes.server import HttpServer, Reply


@pytest.fixture
def server() -> Iterator[HttpServer]:
    def reply(path: str) -> Reply:
        if path == "/login":
            return 302, {"Location": "/elsewhere"}, ""
        return 200, {"X-Upstream": "10.0.0.2:8081"}, "x" * 5000

    made = HttpServer(0, reply)
    yield made
    made.close()


def test_an_answer_is_cut_to_what_can_be_shown(server: HttpServer) -> None:
    answer = web.get(f"http://127.0.0.1:{server.port}/", 2)

    assert (answer.status, len(answer.body), answer.upstream) == (200, 2000, "10.0.0.2:8081")


def test_a_redirect_is_an_answer_and_is_not_followed(server: HttpServer) -> None:
    answer = web.get(f"http://127.0.0.1:{server.port}/login", 2)

    assert (answer.status, answer.location) == (302, "/elsewhere")


def test_a_proxy_of_the_environment_does_not_stand_before_loopback(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    assert web.get(f"http://127.0.0.1:{server.port}/", 2).status == 200


def test_a_port_on_which_nobody_listens_is_refused() -> None:
    with pytest.raises(web.Unreachable, match="connection refused"):
        web.get(f"http://127.0.0.1:{free_port()}/", 2)


def test_a_server_that_accepts_and_is_silent_is_too_late() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(web.Unreachable, match=r"no answer within 0\.2 s"),
    ):
        web.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.2)
