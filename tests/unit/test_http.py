"""HTTP to loopback: an answer, or the reason why there is none."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest

from fream_compose import http
from fream_compose.errors import InterruptedRun
from tests.fakes.server import HttpServer, Reply
from tests.ports import free_port


class Sender:
    """Answers one request with some bytes, and goes on with others twenty times a second."""

    def __init__(self, first: bytes, again: bytes | None = None) -> None:
        self._first = first
        self._again = again
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, suppress(OSError):
            client.recv(65_536)
            client.sendall(self._first)
            while self._again is not None and not self._over.wait(0.05):
                client.sendall(self._again)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    def reply(path: str) -> Reply:
        if path == "/login":
            return 302, {"Location": "/elsewhere"}, ""
        return 200, {"X-Upstream": "10.0.0.2:8081"}, "x" * 5000

    made = HttpServer(0, reply)
    yield made
    made.close()


@pytest.mark.parametrize(("length", "cut"), [(65_536, False), (65_537, True), (10**7, True)])
def test_no_more_is_read_than_64_kb(length: int, cut: bool) -> None:
    with Sender(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * length) as sender:
        answer = http.get(sender.url, 5)

    assert (answer.status, len(answer.body), answer.cut) == (200, 65_536, cut)


def test_a_gzip_bomb_takes_little_memory() -> None:
    bomb = gzip.compress(b"x" * 200_000_000)
    tracemalloc.start()
    try:
        with Sender(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb) as sender:
            answer = http.get(sender.url, 5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (len(answer.body), answer.cut) == (65_536, True)
    assert peak < 8_000_000


HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPPING = {
    "status line": (b"", b"H"),
    "headers": (HEAD, b"x"),
    "header after header": (HEAD, b"x: y\r\n"),
    "body": (HEAD + b"Content-Length: 99999\r\n\r\n", b"x"),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "events": (HEAD + b"Content-Type: text/event-stream\r\n\r\n", b"data: x\n\n"),
    "nothing more": (HEAD + b"Content-Length: 9\r\n\r\n", b""),
}


@pytest.mark.parametrize("kind", DRIPPING)
def test_an_answer_that_drips_ends_at_the_deadline(kind: str) -> None:
    with Sender(*DRIPPING[kind]) as sender, pytest.raises(http.Unreachable) as caught:
        http.get(sender.url, 0.5)

    assert str(caught.value) == "no answer within 0.5 s"


@pytest.mark.parametrize("kind", DRIPPING)
def test_a_signal_is_heeded_at_any_byte(kind: str) -> None:
    ends = time.monotonic() + 0.3

    def check() -> None:
        if time.monotonic() > ends:
            raise InterruptedRun(15)

    with Sender(*DRIPPING[kind]) as sender, pytest.raises(InterruptedRun):
        http.get(sender.url, 60, check=check)


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Content-Length: 9\r\n\r\nshort",
        HEAD + b"Content-Encoding: gzip\r\n\r\nno gzip",
        HEAD + b"x" * 100_000 + b"\r\n\r\n",
        HEAD + b"a: b\r\n" * 200 + b"\r\n",
        b"",
    ],
)
def test_an_answer_that_is_broken_is_none(answer: bytes) -> None:
    with Sender(answer) as sender, pytest.raises(http.Unreachable) as caught:
        http.get(sender.url, 2)

    assert str(caught.value)


@pytest.mark.parametrize("charset", ["euc-kr", "no-such-charset", "", "utf-16", "\xff"])
def test_any_bytes_in_any_charset_are_text(charset: str) -> None:
    head = HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode("latin-1")
    with Sender(head + "정상".encode("euc-kr")) as sender:
        assert http.get(sender.url, 2).body


@pytest.mark.parametrize("location", ["http://[", "\xff\xfe", "//" + "x" * 9000, "http://x:99999/"])
def test_an_odd_redirect_is_an_answer(location: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    with Sender(head.encode("latin-1")) as sender:
        assert http.get(sender.url, 2).status == 302


def test_a_redirect_is_an_answer_and_is_not_followed(server: HttpServer) -> None:
    answer = http.get(f"http://127.0.0.1:{server.port}/login", 2)

    assert (answer.status, answer.location) == (302, "/elsewhere")


def test_a_proxy_of_the_environment_does_not_stand_before_loopback(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    assert http.get(f"http://127.0.0.1:{server.port}/", 2).status == 200


def test_a_port_on_which_nobody_listens_is_refused() -> None:
    with pytest.raises(http.Unreachable, match="connection refused"):
        http.get(f"http://127.0.0.1:{free_port()}/", 2)


def test_a_server_that_accepts_and_is_silent_is_too_late() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(http.Unreachable, match=r"no answer within 0\.2 s"),
    ):
        http.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.2)


def test_no_port_is_not_port_80(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("requests.Session.get", lambda _self, url, **_: asked.append(url))

    with pytest.raises(http.Unreachable, match="no port"):
        http.get("http://127.0.0.1:0/live", 1)

    assert asked == []


OF_LIBRARIES = re.compile(r"HTTPConnectionPool|Max retries|\[Errno|Error|IncompleteRead|literal")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"nonsense\r\n\r\n", "what answers does not speak HTTP"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "what answers does not speak HTTP"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "what answers does not speak HTTP"),
        (HEAD + b"Content-Length: 9\r\n\r\nshort", "the answer broke off"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "the answer broke off"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\nno gzip", "the answer cannot be decompressed"),
        (HEAD + b"a: b\r\n" * 200 + b"\r\n", "what answers does not speak HTTP"),
        (b"", "the connection was closed without an answer"),
    ],
)
def test_why_an_answer_is_broken_is_told_in_plain_words(answer: bytes, why: str) -> None:
    with Sender(answer) as sender, pytest.raises(http.Unreachable) as caught:
        http.get(sender.url, 2)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/",
        "http://a b/",
        "http://127.0.0.1:99999/",
        f"http://{'a' * 70}.example/",
        "http://:80/",
        "ftp://127.0.0.1/",
        "https://127.0.0.1:1/",
        "http://no-such-host.invalid/",
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_plain_words(url: str) -> None:
    with pytest.raises(http.Unreachable) as caught:
        http.get(url, 2)

    assert str(caught.value)
    assert not OF_LIBRARIES.search(str(caught.value))


def test_tls_that_is_none_is_told_in_plain_words() -> None:
    with Sender(b"HTTP/1.1 400 Bad Request\r\n\r\n") as sender:
        with pytest.raises(http.Unreachable, match=r"^TLS failed: ") as caught:
            http.get(sender.url.replace("http:", "https:"), 2)

        assert "_ssl.c" not in str(caught.value)
