"""What the keeper noted of each certificate, how long it is good, and what nginx really shows."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ProxyError, ProxySilentError
from fream_compose.nginx import certificates
from fream_compose.nginx.certificates import Certificate, Verdict
from tests.fakes.certificates import note, state
from tests.fakes.server import HttpServer, Reply, Sayer

HOST = "shop.example.com"
START = datetime(2026, 1, 1, tzinfo=UTC)


def good(**other: Any) -> Certificate:
    return certificates.read(state(**{HOST: note(START, **other)})).hosts[HOST]


def after(days: float) -> datetime:
    return START + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "life", "other", "verdict"),
    [
        (0, 90, {}, Verdict.OK),
        (68, 90, {}, Verdict.OK),
        (69.1, 90, {}, Verdict.EXPIRES),  # 21 days at most, of however long a life
        (343, 365, {}, Verdict.OK),
        (344.1, 365, {}, Verdict.EXPIRES),
        (30, 45, {}, Verdict.OK),  # a third is left: it is renewed about now
        (33.7, 45, {}, Verdict.OK),
        (33.8, 45, {}, Verdict.EXPIRES),  # a quarter is left
        (4.6, 6, {}, Verdict.EXPIRES),
        (90, 90, {}, Verdict.EXPIRED),
        (91, 90, {"error": "no"}, Verdict.EXPIRED),
        (10, 90, {"error": "no"}, Verdict.FAILED),
        (70, 90, {"error": "no"}, Verdict.EXPIRES),
        (10, 90, {"source": "own"}, Verdict.OK),
        (10, 90, {"source": "self-signed"}, Verdict.SELF_SIGNED),
        (10, 90, {"source": "self-signed", "error": "no"}, Verdict.SELF_SIGNED),
        (90, 90, {"source": "self-signed"}, Verdict.EXPIRED),
    ],
)
def test_a_name_fares_as_its_certificate_does(
    days: float, life: int, other: dict[str, Any], verdict: Verdict
) -> None:
    assert good(life=life, **other).verdict(after(days)) is verdict


def test_a_name_that_the_keeper_has_nothing_for_is_missing() -> None:
    kept = certificates.read(state(**{HOST: note(START)}))

    assert kept.verdict("www.example.com", START) is Verdict.MISSING
    assert kept.verdict(HOST, START) is Verdict.OK
    assert certificates.NONE.verdict(HOST, START) is Verdict.MISSING


def test_a_name_for_which_nothing_is_in_place_still_says_why() -> None:
    nothing: dict[str, Any] = {
        "source": "",
        "issuer": "",
        "names": [],
        "not_before": None,
        "not_after": None,
    }
    found = good(**nothing, error="the disk is full", hint="fream prune")

    assert (found.verdict(START), found.days_left(START)) == (Verdict.MISSING, None)
    assert (found.error, found.hint) == ("the disk is full", "fream prune")


@pytest.mark.parametrize(("days", "left"), [(0, 90), (0.5, 89), (89.5, 0), (90.5, -1)])
def test_days_left_are_whole_ones(days: float, left: int) -> None:
    assert good().days_left(after(days)) == left


def test_all_that_the_keeper_noted_is_read() -> None:
    told = note(START, error="rate limited", hint="wait", failures=3)
    told |= {"tried": "2026-01-02T03:04:05Z", "next": "2026-01-02T04:04:05+00:00"}

    found = certificates.read(state(**{HOST: told})).hosts[HOST]

    assert found == Certificate(
        source="acme",
        issuer="Test CA",
        names=("shop.example.com",),
        not_before=START,
        not_after=after(90),
        sha256="ab" * 32,
        tried=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        failures=3,
        error="rate limited",
        hint="wait",
        next=datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC),
    )


def test_words_of_others_are_one_line_that_steers_no_terminal() -> None:
    found = good(error="a\n\x1b[2Jb", issuer="\u202eCA", hint="x" * 1_000)

    assert found.error == "a \N{REPLACEMENT CHARACTER}[2Jb"
    assert found.issuer == "\N{REPLACEMENT CHARACTER}CA"
    assert len(found.hint) == 600


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"server": 5},
        {"hosts": []},
        {"hosts": {HOST: {}}},
        {"hosts": {HOST: note(START) | {"source": "nobody"}}},
        {"hosts": {HOST: note(START) | {"not_after": "soon"}}},
        {"hosts": {HOST: note(START) | {"not_after": "2026-01-01T00:00:00"}}},  # of which zone?
        {"hosts": {HOST: note(START) | {"not_after": 5}}},
        {"hosts": {HOST: note(START) | {"failures": "many"}}},
        {"hosts": {HOST: note(START) | {"error": ["no"]}}},
        {"hosts": {HOST: note(START) | {"names": 5}}},
    ],
)
def test_what_is_no_note_of_the_keeper_is_refused(wrong: dict[str, Any]) -> None:
    whole = json.loads(state(**{HOST: note(START)})) | wrong

    with pytest.raises(ValueError, match=r"."):
        certificates.read(json.dumps(whole))


def answered(reply: Reply) -> certificates.Kept:
    server = HttpServer(0, lambda path: reply if path == "/certificates" else (500, {}, ""))
    try:
        return certificates.ask(f"http://127.0.0.1:{server.port}", {})
    finally:
        server.close()


def test_nginx_is_asked_for_the_note() -> None:
    assert set(answered((200, {}, state(**{HOST: note(START)}))).hosts) == {HOST}


def test_the_note_of_many_names_is_read() -> None:
    names = [f"shop-{number}.example.com" for number in range(1_000)]
    failed = note(START, error="x" * 400, hint="y" * 200)

    assert list(answered((200, {}, state(**dict.fromkeys(names, failed)))).hosts) == names


def test_before_the_keeper_has_noted_anything_there_is_none() -> None:
    assert answered((404, {}, "not found")) == certificates.NONE


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ((403, {}, ""), "HTTP 403"),
        ((200, {}, "[]"), "TypeError"),
        ((200, {}, state(**{HOST: note(START)}) + " " * 4_200_000), "it is too long"),
    ],
)
def test_nonsense_and_a_refusal_are_told(reply: Reply, why: str) -> None:
    with pytest.raises(ProxyError) as caught:
        answered(reply)

    assert why in caught.value.why
    assert "fream reload" in caught.value.next_step


def test_a_silent_nginx_is_told_as_that() -> None:
    with pytest.raises(ProxySilentError):
        certificates.ask("http://127.0.0.1:1", {})


class Shown:
    """A server that shows a certificate of its own for each name, and refuses other names."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.ders: dict[str, bytes] = {}
        contexts = {name: self._context(folder, name) for name in names}
        self._context_of_none = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def choose(shown: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
            if name not in contexts:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            shown.context = contexts[name]
            return None

        setattr(self._context_of_none, "sni_callback", choose)  # noqa: B010  # unknown to the types
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _context(self, folder: Path, name: str) -> ssl.SSLContext:
        files = folder / f"{name}.pem", folder / f"{name}.key"
        pair = ["-keyout", str(files[1]), "-out", str(files[0])]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", *pair],
            check=True,
            capture_output=True,
        )
        self.ders[name] = ssl.PEM_cert_to_DER_cert(files[0].read_text())
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*files)
        return made

    def _run(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with (
                plain,
                suppress(OSError),
                self._context_of_none.wrap_socket(plain, server_side=True) as shown,
            ):
                shown.recv(1)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    server = Shown(tmp_path, HOST, "fream.example.com")
    yield server
    server.close()


@pytest.mark.parametrize(
    ("asked", "by"),
    [(HOST, HOST), ("*.example.com", "fream.example.com")],
    ids=["name", "wildcard"],
)
def test_a_handshake_tells_which_certificate_is_shown_for_a_name(
    shown: Shown, asked: str, by: str
) -> None:
    found = certificates.served(asked, ("127.0.0.1", shown.port))

    assert found == hashlib.sha256(shown.ders[by]).hexdigest()


def test_a_name_for_which_no_certificate_is_shown_has_none(shown: Shown) -> None:
    assert certificates.served("www.example.com", ("127.0.0.1", shown.port)) == ""


def test_what_speaks_no_tls_shows_none() -> None:
    with Sayer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        assert certificates.served(HOST, ("127.0.0.1", server.port)) == ""


def test_nobody_there_and_nobody_who_answers_are_told_as_such() -> None:
    with pytest.raises(OSError, match=r"refused"):
        certificates.served(HOST, ("127.0.0.1", 1))
    with Sayer(closes=False) as server, pytest.raises(TimeoutError):
        certificates.served(HOST, ("127.0.0.1", server.port), 0.2)
