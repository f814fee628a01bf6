"""Over TLS the load sees what it sees without, and each certificate that is not good."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from load import Https, Load, Mix, Report
from load.__main__ import main
from load.mix import Pace
from load.servers import Handler, Peer, good, serving
from load.tls_servers import BODY, HEADERS, Authority, Http2Peer, good_http2, over_http2

NAME = "shop.example.com"
FAST = Pace(0.01, 0.01, 0.02, 0.01, 0.01, 0.01, 0.01, http2=0.01, after_failure=0.01)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "root")


def played(
    handle: Handler, mix: Mix, authority: Authority, *, name: str = NAME, requests: int = 8
) -> Report:
    https = Https(NAME, authority.root)
    protocol = "h2" if mix.http2 else "http/1.1"
    with serving(handle, authority.server(name, protocol)) as port:
        load = Load(port, mix, 5, max_requests=requests, pace=FAST, request_seconds=2, https=https)
        with load:
            while load.running:
                time.sleep(0.005)
    return load.report


def test_clients_of_every_kind_are_served_over_tls(authority: Authority) -> None:
    report = played(good, Mix(), authority, requests=200)

    assert report.ok, report.lines()
    assert set(report.latencies) == {kind for kind, count in Mix().counts().items() if count}
    assert len(report.certificates) == 1
    assert report.target == NAME


def test_http2_keeps_one_connection(authority: Authority) -> None:
    report = played(good_http2, Mix.only(http2=2), authority, requests=40)

    assert report.ok, report.lines()
    assert report.by_version == {"1.0.0": report.served}
    assert sum(report.certificates.values()) == 2
    assert report.closes == {}


def test_a_certificate_for_another_name_is_a_failure(authority: Authority) -> None:
    report = played(good, Mix.only(new=1), authority, name="other.example.com", requests=2)

    assert report.by_kind == {"certificate": 2}, report.lines()
    assert report.certificates == {}


def test_a_certificate_of_another_root_is_a_failure(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    with serving(good, stranger.server(NAME, "http/1.1")) as port:
        https = Https(NAME, authority.root)
        with Load(port, Mix.only(new=1), 5, max_requests=1, pace=FAST, https=https) as load:
            while load.running:
                time.sleep(0.005)

    assert load.report.by_kind == {"certificate": 1}, load.report.lines()


@pytest.mark.parametrize(
    "end", [Peer.close, Peer.reset, lambda peer: peer.send(b"HTTP/1.1 400 Because\r\n")]
)
def test_a_handshake_that_comes_to_nothing_is_a_failure(
    end: Callable[[Peer], None], authority: Authority
) -> None:
    def handle(peer: Peer) -> None:
        peer.read(5)
        end(peer)

    with serving(handle) as port:
        https = Https(NAME, authority.root)
        with Load(port, Mix.only(new=1), 5, max_requests=1, pace=FAST, https=https) as load:
            while load.running:
                time.sleep(0.005)

    assert load.report.by_kind == {"handshake": 1}, load.report.lines()


def test_a_server_without_http2_is_a_failure(authority: Authority) -> None:
    with serving(good, authority.server(NAME, "http/1.1")) as port:
        https = Https(NAME, authority.root)
        with Load(port, Mix.only(http2=1), 5, max_requests=1, pace=FAST, https=https) as load:
            while load.running:
                time.sleep(0.005)

    assert load.report.by_kind == {"handshake": 1}, load.report.lines()


def test_the_end_of_a_connection_is_told_as_without_tls(authority: Authority) -> None:
    def one(peer: Peer) -> None:
        peer.ask()
        peer.answer(b"1.0.0", headers="X-App-Version: 1.0.0\r\n")

    def none(peer: Peer) -> None:
        peer.ask()

    noticed = played(one, Mix.only(keepalive=1), authority, requests=5)
    unanswered = played(none, Mix.only(keepalive=1), authority, requests=2)

    assert noticed.ok, noticed.lines()
    assert noticed.closes == {"closed_idle": 4}
    assert unanswered.by_kind == {"eof_no_response": 2}, unanswered.lines()


def test_half_an_answer_over_tls_is_truncated(authority: Authority) -> None:
    def half(peer: Peer) -> None:
        peer.ask()
        peer.answer(b"1.0.0", headers="X-App-Version: 1.0.0\r\n", claim=10)

    report = played(half, Mix.only(new=1), authority, requests=1)

    assert report.by_kind == {"truncated": 1}, report.lines()


def goes_away_after(http2: Http2Peer, stream: int) -> None:
    http2.http.send_headers(stream, HEADERS)
    http2.http.send_data(stream, BODY, end_stream=True)
    http2.http.close_connection()
    http2.send()


def goes_away_first(http2: Http2Peer, stream: int) -> None:
    http2.http.close_connection(last_stream_id=stream)
    http2.send()


def resets(http2: Http2Peer, stream: int) -> None:
    http2.http.reset_stream(stream)
    http2.send()


def answers_half(http2: Http2Peer, stream: int) -> None:
    http2.http.send_headers(stream, [(":status", "200"), ("x-app-version", "1.0.0")])
    http2.send()
    http2._peer.close()


def is_no_app(http2: Http2Peer, stream: int) -> None:
    http2.http.send_headers(stream, [(":status", "502")], end_stream=True)
    http2.send()


BAD: dict[str, tuple[Callable[[Http2Peer, int], None], str]] = {
    "GOAWAY in the place of an answer": (goes_away_first, "goaway"),
    "a stream that is reset": (resets, "reset"),
    "half an answer": (answers_half, "truncated"),
    "an empty page": (lambda http2, stream: http2.answer(stream, b""), "wrong_body"),
    "a bad gateway": (is_no_app, "bad_status:502"),
}


@pytest.mark.parametrize(("handle", "kind"), BAD.values(), ids=BAD)
def test_each_way_to_fail_over_http2_is_recorded_by_its_kind(
    handle: Callable[[Http2Peer, int], None], kind: str, authority: Authority
) -> None:
    report = played(over_http2(handle), Mix.only(http2=1), authority, requests=2)

    assert report.by_kind == {kind: 2}, report.lines()


def goes_away_at_once(http2: Http2Peer, stream: int) -> None:
    http2.answer(stream)
    http2.http.close_connection()
    http2.send()


@pytest.mark.parametrize("handle", [goes_away_after, goes_away_at_once])
def test_a_goaway_between_two_requests_is_counted(
    handle: Callable[[Http2Peer, int], None], authority: Authority
) -> None:
    https, slow = Https(NAME, authority.root), Pace(http2=1.0)
    with serving(over_http2(handle), authority.server(NAME, "h2")) as port:
        mix = Mix.only(http2=1)
        with Load(port, mix, 30, max_requests=3, pace=slow, https=https) as load:
            while load.running:
                time.sleep(0.005)

    assert load.report.ok, load.report.lines()
    assert load.report.closes == {"goaway": 2}


def test_a_new_certificate_is_noticed_while_the_load_runs(authority: Authority) -> None:
    context, https = authority.server(NAME, "http/1.1"), Https(NAME, authority.root)
    with (
        serving(good, context) as port,
        Load(port, Mix.only(new=1), 5, pace=FAST, https=https) as load,
    ):
        load.wait_for(5)
        before = load.certificates
        authority.renew(context, NAME)
        load.wait_for(5)
        assert len(before) == 1 < len(load.certificates) == 2
        assert load.served_to("new") >= 10
        assert load.served_to("http2") == 0

    assert load.report.ok, load.report.lines()


def test_http2_without_tls_is_refused() -> None:
    with pytest.raises(ValueError, match="HTTPS only"):
        Load(80, Mix.only(http2=1))


def test_the_command_line_asks_for_a_name_over_tls(
    authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(good, authority.server(NAME, "http/1.1")) as port:
        where = ["--port", str(port), "--https", NAME, "--ca", str(authority.root)]
        code = main([*where, "--seconds", "0.3", "--mix", "new=1"])

    told = capsys.readouterr().out
    assert code == 0, told
    assert f"load on {NAME}" in told
    assert "certificates shown: 1" in told


def test_roots_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--port", "80", "--https", NAME, "--ca", str(tmp_path / "none.pem")])
