"""The load must see every failure that a user would see, and no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wsproto.frame_protocol import Opcode

from load import Load, Mix, Report
from load.__main__ import main
from load.mix import MAX_CLIENTS, Pace
from load.servers import (
    Handler,
    Peer,
    echo_frames,
    good,
    head,
    open_websocket,
    read_client_frame,
    server_frame,
    serving,
    stream_answer,
)

ROOT = Path(__file__).parents[3]
FAST = Pace(0.01, 0.01, 0.02, 0.01, 0.01, 0.01, 0.01, after_failure=0.01)
MINE = "X-App-Version: 1.0.0\r\n"


def played(handle: Handler, mix: Mix, requests: int = 12, request_seconds: float = 2.0) -> Report:
    with serving(handle) as port:
        load = Load(
            port, mix, 30, max_requests=requests, pace=FAST, request_seconds=request_seconds
        )
        with load:
            while load.running:
                time.sleep(0.005)
    return load.report


def test_a_good_server_has_no_failures_with_clients_of_every_kind() -> None:
    report = played(good, Mix(), requests=300)
    assert report.ok, report.lines()
    assert set(report.latencies) == {kind for kind, count in Mix().counts().items() if count}
    assert set(report.by_version) == {"1.0.0"}
    assert report.served >= 300 - Mix().websocket


def answering(
    body: bytes = b"ok", status: int = 200, headers: str = MINE, claim: int = 0
) -> Handler:
    def handle(peer: Peer) -> None:
        while peer.ask():
            peer.answer(body, status, headers, claim)
            if claim:
                return

    return handle


def after_asking(act: Callable[[Peer], None]) -> Handler:
    def handle(peer: Peer) -> None:
        peer.ask()
        act(peer)

    return handle


def sending(data: bytes) -> Handler:
    return after_asking(lambda peer: peer.send(data))


BAD_SERVERS: dict[str, tuple[str, Handler, str]] = {
    "RST after the request": ("keepalive", after_asking(Peer.reset), "reset"),
    "FIN after the request": ("keepalive", after_asking(Peer.close), "eof_no_response"),
    "FIN after a POST": ("post", after_asking(Peer.close), "eof_no_response"),
    "half a head": ("new", sending(b"HTTP/1.1 200 OK\r\nContent-"), "truncated"),
    "half a body": ("new", answering(claim=10), "truncated"),
    "half a stream": ("stream", sending(stream_answer()[:900]), "truncated"),
    "no last chunk": ("stream", sending(stream_answer()[:-5]), "truncated"),
    "a bad gateway": ("keepalive", answering(status=502), "bad_status:502"),
    "a redirect": ("slow", answering(status=302), "bad_status:302"),
    "other bytes": ("post", answering(b"not what was sent"), "wrong_body"),
    "other chunks": ("stream", sending(stream_answer().replace(b"7", b"8")), "wrong_body"),
    "an empty page": ("new", answering(b""), "wrong_body"),
    "broken JSON": (
        "new",
        answering(b"{", headers=MINE + "Content-Type: application/json\r\n"),
        "wrong_body",
    ),
    "another app": ("new", answering(headers=""), "wrong_body"),
    "another protocol": ("new", sending(b"SSH-2.0-hello\r\n\r\n"), "protocol"),
    "a body without an end": ("new", sending(head(200, MINE) + b"x"), "protocol"),
    "bytes after the answer": (
        "keepalive",
        sending(head(200, MINE + "Content-Length: 2\r\n") + b"okHTTP"),
        "protocol",
    ),
    "no upgrade": ("websocket", answering(status=503), "bad_status:503"),
}


@pytest.mark.parametrize(("client", "handle", "kind"), BAD_SERVERS.values(), ids=BAD_SERVERS)
def test_each_way_to_fail_is_recorded_by_its_kind(client: str, handle: Handler, kind: str) -> None:
    report = played(handle, Mix.only(**{client: 1}), requests=2)
    assert set(report.by_kind) == {kind}, report.lines()
    assert report.failures[0].client == client
    assert not report.ok


def test_a_server_that_never_answers_times_out() -> None:
    report = played(lambda _: time.sleep(0.3), Mix.only(new=1), 1, request_seconds=0.1)
    assert report.by_kind == {"timeout": 1}


def test_a_port_nobody_listens_on_is_refused() -> None:
    with serving(good) as port:
        pass
    with Load(port, Mix.only(new=1), 5, max_requests=1) as load:
        pass
    assert load.report.by_kind == {"connect_refused": 1}


def test_a_failed_request_is_never_sent_again() -> None:
    asked = []

    def handle(peer: Peer) -> None:
        asked.append(peer.ask())

    report = played(handle, Mix.only(keepalive=1, post=1), requests=6)
    assert len(asked) == report.failed == 6


def test_an_announced_close_costs_nothing() -> None:
    def handle(peer: Peer) -> None:
        peer.ask()
        peer.answer(b"1.0.0", headers=MINE + "Connection: close\r\n")

    report = played(handle, Mix.only(keepalive=1), requests=5)
    assert report.ok
    assert report.closes == {"announced": 5}


def test_an_idle_close_noticed_before_the_next_request_costs_nothing() -> None:
    report = played(
        after_asking(lambda peer: peer.answer(b"1.0.0", headers=MINE)), Mix.only(keepalive=1), 5
    )
    assert report.ok, report.lines()
    assert report.closes == {"closed_idle": 4}


def test_an_idle_close_that_crosses_the_next_request_is_a_failure() -> None:
    def handle(peer: Peer) -> None:
        peer.ask()
        peer.answer(b"1.0.0", headers=MINE)
        peer.ask()

    report = played(handle, Mix.only(keepalive=1), requests=4)
    assert report.by_kind == {"eof_no_response": 2}
    assert report.served == 2


def test_over_a_distance_an_unannounced_close_costs_the_request_under_way() -> None:
    def handle(peer: Peer) -> None:
        peer.ask()
        peer.answer(b"1.0.0", headers=MINE)
        time.sleep(0.05)

    with (
        serving(handle) as port,
        Load(port, Mix.only(keepalive=1), 5, max_requests=4, pace=FAST, distance=0.1) as load,
    ):
        while load.running:
            time.sleep(0.005)
    assert load.report.failed == 2
    assert set(load.report.by_kind) <= {"eof_no_response", "reset"}


def test_a_websocket_closed_with_a_goodbye_is_opened_again() -> None:
    def handle(peer: Peer) -> None:
        asked = peer.ask()
        assert asked
        echo_frames(peer, asked, messages=1)
        goodbye = server_frame(Opcode.CLOSE, (1001).to_bytes(2, "big"))
        peer.send(server_frame(Opcode.PING, b"?") + goodbye)
        while read_client_frame(peer)[0] != Opcode.CLOSE:
            pass

    report = played(handle, Mix.only(websocket=1), requests=12)
    assert report.failed == 0, report.lines()
    assert sum(report.closes.values()) > 1


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (lambda peer: peer.close(), "dropped"),
        (lambda peer: peer.reset(), "dropped"),
        (lambda peer: peer.send(server_frame(Opcode.CLOSE, (1011).to_bytes(2, "big"))), "dropped"),
        (lambda peer: peer.send(server_frame(Opcode.TEXT, b"spam")), "protocol"),
    ],
    ids=["FIN", "RST", "server error", "a message nobody asked for"],
)
def test_a_websocket_that_ends_otherwise_is_a_failure(
    ending: Callable[[Peer], None], kind: str
) -> None:
    def handle(peer: Peer) -> None:
        asked = peer.ask()
        assert asked
        open_websocket(peer, asked)
        peer.send(server_frame(*read_client_frame(peer)))
        time.sleep(0.001)
        ending(peer)
        time.sleep(0.05)

    with serving(handle) as port:
        pace = Pace(websocket=0.1, after_failure=0.01)
        with Load(port, Mix.only(websocket=1), 5, max_requests=3, pace=pace) as load:
            while load.running:
                time.sleep(0.005)
    assert load.report.by_kind == {kind: 1}


def test_a_wrong_echo_is_a_failure() -> None:
    def handle(peer: Peer) -> None:
        asked = peer.ask()
        assert asked
        open_websocket(peer, asked)
        read_client_frame(peer)
        peer.send(server_frame(Opcode.TEXT, b"other words"))
        read_client_frame(peer)

    report = played(handle, Mix.only(websocket=1), requests=2)
    assert report.by_kind == {"wrong_body": 1}


def test_requests_are_counted_by_the_mark_they_start_after() -> None:
    version = "1.0.0"
    with (
        serving(lambda peer: good(peer, version)) as port,
        Load(port, Mix.only(new=2), 5, pace=FAST) as load,
    ):
        load.wait_for(10)
        load.mark("switching")
        version = "1.0.1"
        load.wait_for(10)
        load.mark("switched")
        load.wait_for(10)
    report = load.report
    assert report.phase("start").by_version["1.0.0"] >= 10
    assert set(report.phase("switched").by_version) == {"1.0.1"}
    assert sum(report.by_version.values()) == report.served
    with pytest.raises(KeyError):
        report.phase("never")


def test_latencies_are_told_by_the_mark_that_their_requests_start_after() -> None:
    delay = 0.0

    def handle(peer: Peer) -> None:
        time.sleep(delay)
        good(peer, "1.0.0")

    with serving(handle) as port, Load(port, Mix.only(new=1), 5, pace=FAST) as load:
        load.wait_for(5)
        load.mark("changing")
        delay = 0.2
        load.wait_for(2)
        load.mark("slow")
        load.wait_for(2)
    before, slow = (load.report.phase(name).latencies["new"] for name in ("start", "slow"))
    assert slow.p50 >= 0.2 > before.p50
    assert before.count + slow.count < load.report.latencies["new"].count


def test_a_failure_tells_its_time_since_the_last_mark() -> None:
    with (
        serving(answering(status=502)) as port,
        Load(port, Mix.only(new=1), 5, pace=FAST) as load,
    ):
        load.mark("cut-over")
        with pytest.raises(TimeoutError, match="answers missing"):
            load.wait_for(1, timeout=0.1)
    failure = load.report.failures[0]
    assert failure.after == "cut-over"
    assert 0 <= failure.since_mark < 1
    assert any('after "cut-over"' in line for line in load.report.lines())


def test_a_pause_of_the_server_is_the_longest_gap() -> None:
    def handle(peer: Peer) -> None:
        peer.ask()
        time.sleep(0.2 if peer.number == 5 else 0)
        peer.answer(b"1.0.0", headers=MINE)

    report = played(handle, Mix.only(new=1))
    assert 0.2 <= report.gap.seconds < 0.5


def test_time_and_requests_are_bounded() -> None:
    report = played(good, Mix.only(new=4, keepalive=4), requests=20)
    assert 20 <= report.served <= 28
    with serving(good) as port:
        began = time.monotonic()
        load = Load(port, Mix.only(keepalive=1), max_seconds=0.2)
        load.start()
        while load.running:
            time.sleep(0.01)
        load.stop()
    assert time.monotonic() - began < 30


def test_a_long_think_time_does_not_delay_the_end() -> None:
    with serving(good) as port, Load(port, Mix.only(idle=2), 60, pace=Pace(idle=60)) as load:
        load.wait_until(2)
        began = time.monotonic()
        load.stop()
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("host", ["192.0.2.1", "198.51.100.7", "localhost.example", "", "::"])
def test_any_host_but_this_one_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        Load(80, host=host)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Load(0),
        lambda: Load(80, max_seconds=0),
        lambda: Load(80, max_seconds=float("inf")),
        lambda: Load(80, max_requests=0),
        lambda: Load(80, request_seconds=0),
        lambda: Load(80, distance=-1),
        lambda: Mix.only(new=MAX_CLIENTS + 1),
        lambda: Mix.only(),
        lambda: Mix(new=-1),
        lambda: Mix.parse("new=x"),
        lambda: Mix.parse("curl=1"),
    ],
)
def test_a_load_without_sane_bounds_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"port|seconds|distance|requests|mix|kind"):
        build()


def test_the_report_is_only_there_at_the_end() -> None:
    with serving(good) as port, Load(port, Mix.only(new=1), 5) as load:
        with pytest.raises(RuntimeError, match="not been stopped"):
            _ = load.report
        assert load.stop() is load.report


def test_the_command_line_prints_json_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with serving(good) as port:
        code = main(["--port", str(port), "--seconds", "0.2", "--mix", "new=2", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert printed["ok"]
    assert printed["by_version"]["1.0.0"] == printed["served"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_command_line_fails_when_a_request_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answering(status=502)) as port:
        code = main(["--port", str(port), "--seconds", "0.1", "--mix", "new=1"])
    assert code == 1
    assert "FAILED bad_status:502" in capsys.readouterr().out


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--port", "80", "--host", "192.0.2.1"])


def test_a_signal_ends_the_load_with_a_report() -> None:
    with serving(good) as port:
        command = [sys.executable, "-m", "load", "--port", str(port), "--until-signal"]
        process = subprocess.Popen(
            [*command, "--mix", "new=1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stderr
            assert "running" in process.stderr.readline()
            time.sleep(0.2)
            os.kill(process.pid, signal.SIGUSR1)
            time.sleep(0.2)
            os.kill(process.pid, signal.SIGTERM)
            printed, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "failed 0" in printed
    assert '"mark 1"' in printed
