"""Each kind of health check: what is good, what is wrong, and what may be the reason."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fream_compose import grpc_health, http, tcp
from fream_compose.docker.facts import Condition
from fream_compose.errors import EngineError, InterruptedRun
from fream_compose.operations.health import Seen
from fream_compose.operations.kinds import kind_of
from fream_compose.operations.service import Service
from fream_compose.project.health_settings import Health
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage
from tests.fakes.server import Sayer
from tests.ports import free_port

GRPC: Any = importlib.import_module("grpc")
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


def look(stage: Stage, seconds: float = 2.0, **health: Any) -> Seen:
    """One look at the app of the live set."""
    return kind_of(Service(stage.project, SetName.SET1), Health(**health)).look(seconds)


@contextmanager
def listening(say: bytes = b"", close: bool = False) -> Iterator[int]:
    """A server that says something to each connection, which it closes or keeps."""
    with Sayer(say, close, reads=close and say != b"") as server:
        yield server.port


@contextmanager
def serving(answer: Callable[[bytes, Any], bytes] | None) -> Iterator[int]:
    """A gRPC server with the health service that answers so; without it for None."""
    server = GRPC.server(ThreadPoolExecutor(2))
    if answer:
        check = {"Check": GRPC.unary_unary_rpc_method_handler(answer)}
        handler = GRPC.method_handlers_generic_handler("grpc.health.v1.Health", check)
        server.add_generic_rpc_handlers([handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait()


@pytest.fixture
def at(live: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Stage]:
    """The project with its live app, whose container has other ports at this address."""

    def build(_port: int) -> Stage:
        made = live.project.condition
        monkeypatch.setattr(
            live.project, "condition", lambda name: replace(made(name), address="127.0.0.1")
        )
        return live

    return build


# --- HTTP ---


def test_another_port_of_the_container_is_asked_over_http(at: Callable[[int], Stage]) -> None:
    other = http.get  # the app's own answer stays what it was
    with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nUP") as port:
        stage = at(port)
        seen = look(stage, port=port, path="/actuator/health", body="UP")
        app = stage.project.port(SetName.SET1)

    assert (seen.said, seen.fault) == ("HTTP 200", "")
    assert other(f"http://127.0.0.1:{app}/", 1).body == "fine"


@pytest.mark.parametrize(
    ("say", "fault"),
    [
        (b"", "without an answer"),
        (b"\x00\x00\x18\x04\x00\x00\x00\x00\x00", "does not speak HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x0a\r\n", "does not speak HTTP"),
    ],
    ids=["FastCGI", "gRPC", "TLS"],
)
def test_a_port_that_speaks_something_else_is_told_so(
    at: Callable[[int], Stage], say: bytes, fault: str
) -> None:
    with listening(say, close=True) as port:
        seen = look(at(port), port=port)
        hint = seen.hint()

    assert fault in seen.fault or "reset" in seen.fault
    assert f"port {port} speaks no HTTP/1.1" in hint
    assert "x-fream.health.by" in hint


def test_tls_that_answers_in_plain_words_is_named(at: Callable[[int], Stage]) -> None:
    said = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server."
    with listening(said, close=True) as port:
        seen = look(at(port), port=port)

    assert "HTTP 400" in seen.fault
    assert "speaks TLS" in seen.hint()


def test_a_port_where_nothing_listens_is_named(at: Callable[[int], Stage]) -> None:
    port = free_port()
    for by in ("http", "tcp", "grpc"):
        seen = look(at(port), by=by, port=port)

        assert seen.fault == "connection refused", by
        assert f"Nothing listens on port {port} of set1" in seen.hint()


def test_the_usual_hint_is_for_the_apps_own_port(live: Stage) -> None:
    live.project.apps[SetName.SET1].refuse()

    hint = look(live).hint()

    assert hint.startswith("Nothing listens on the app's port")


# --- TCP ---


@pytest.mark.parametrize("say", [b"", b"220 ready\r\n"])
def test_a_port_that_accepts_and_stays_open_is_good(at: Callable[[int], Stage], say: bytes) -> None:
    with listening(say) as port:
        seen = look(at(port), by="tcp", port=port)

    assert (seen.said, seen.fault) == ("accepts connections", "")


def test_a_port_that_closes_at_once_is_not_good(at: Callable[[int], Stage]) -> None:
    """As Docker's proxy does where nothing listens behind it."""
    with listening(close=True) as port:
        assert look(at(port), by="tcp", port=port).fault == "the connection was closed at once"


def test_a_container_without_an_address_is_on_no_port(live: Stage) -> None:
    assert "listens on no port" in look(live, by="tcp", port=9000).fault


def test_an_address_that_does_not_answer_is_given_up_and_the_remedy_said(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("select.select", lambda *_: ([], [], []))
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    with full, pytest.raises(http.Unreachable, match="no connection within"):
        tcp.connect("10.255.255.1", 9, 0.1)

    monkeypatch.setattr(tcp, "connect", lambda *_: _raise(http.Unreachable("no connection within")))
    seen = look(live, by="tcp", port=9)
    assert "publish the port of set1 in app.yaml, as in ports: ['127.0.0.1::9']" in seen.hint()


def _raise(error: Exception) -> None:
    raise error


def test_a_signal_ends_a_connection_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("select.select", lambda *_: ([], [], []))

    with pytest.raises(InterruptedRun):
        tcp.connect("10.255.255.1", 9, 60, lambda: _raise(InterruptedRun(15)))


# --- gRPC ---


@pytest.mark.parametrize(
    ("answer", "fault"),
    [(SERVING, ""), (NOT_SERVING, "NOT_SERVING"), (b"", "UNKNOWN"), (b"\x08\x03", "SERVICE_UNK")],
)
def test_a_grpc_server_is_good_when_it_serves(
    at: Callable[[int], Stage], answer: bytes, fault: str
) -> None:
    asked: list[bytes] = []
    with serving(lambda request, _: asked.append(request) or answer) as port:  # type: ignore[func-returns-value]
        seen = look(at(port), by="grpc", port=port, service="shop.Cart")

    assert seen.fault.startswith(fault)
    assert bool(seen.fault) == bool(fault)
    assert asked == [b"\n\x09shop.Cart"]


def test_a_server_without_the_health_service_is_told_of_it(at: Callable[[int], Stage]) -> None:
    with serving(None) as port:
        seen = look(at(port), by="grpc", port=port)

    assert seen.fault == "the server has no service grpc.health.v1.Health"
    assert "Add the standard health service" in seen.hint()


def test_a_service_that_the_server_does_not_know_is_named(at: Callable[[int], Stage]) -> None:
    def unknown(_request: bytes, context: Any) -> bytes:
        context.abort(GRPC.StatusCode.NOT_FOUND, "")
        return b""

    with serving(unknown) as port:
        seen = look(at(port), by="grpc", port=port, service="cart")

    assert seen.fault == "the server knows no service 'cart'"
    assert "x-fream.health.service" in seen.hint()


def test_a_grpc_server_that_hangs_is_given_up(at: Callable[[int], Stage]) -> None:
    over = threading.Event()
    began = time.monotonic()
    with serving(lambda *_: SERVING * (over.wait(20) + 1)) as port:
        seen = look(at(port), 0.3, by="grpc", port=port)
        took = time.monotonic() - began
        over.set()

    assert seen.fault == "no answer within 0.3 s"
    assert took < 10


def test_what_is_no_grpc_is_told_so(at: Callable[[int], Stage]) -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n", close=True) as port:
        seen = look(at(port), by="grpc", port=port)
        hint = seen.hint()

    assert seen.fault
    assert f"port {port} speaks no gRPC" in hint


def test_a_library_that_is_missing_is_named_with_what_installs_it(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpc_health, "installed", lambda: False)

    seen = look(live, by="grpc")

    assert "grpcio is not installed" in seen.fault
    assert "pip install 'fream-compose[grpc]'" in seen.hint()


def test_the_same_server_is_asked_again_once_it_is_back(at: Callable[[int], Stage]) -> None:
    """No connection is remembered, with its wait before the next try."""
    port = free_port()
    stage = at(port)
    assert look(stage, by="grpc", port=port).fault

    server = GRPC.server(ThreadPoolExecutor(1))
    check = {"Check": GRPC.unary_unary_rpc_method_handler(lambda *_: SERVING)}
    handler = GRPC.method_handlers_generic_handler("grpc.health.v1.Health", check)
    server.add_generic_rpc_handlers([handler])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        assert look(stage, by="grpc", port=port).fault == ""
    finally:
        server.stop(0).wait()


# --- Docker's own ---


def test_dockers_own_check_decides(live: Stage) -> None:
    app = live.project.apps[SetName.SET1]
    app.behaviour = Behaviour(health="healthy")
    assert look(live, by="docker") == Seen("healthy")

    live.project.health_checks["shop-app-set1"] = "no pong\n from the pool"
    app.behaviour = Behaviour(health="unhealthy")
    assert look(live, by="docker").fault == "it says unhealthy: no pong from the pool"
    app.behaviour = Behaviour(health="starting")
    assert look(live, by="docker").fault.startswith("it says starting")


def test_a_container_without_a_check_will_never_have_one(live: Stage) -> None:
    seen = look(live, by="docker")

    assert seen.final
    assert "HEALTHCHECK" in seen.hint()


# --- a command ---


def test_a_command_that_ends_with_zero_is_good(live: Stage) -> None:
    assert look(live, by="command", command=["true"]).said == "exit code 0"


def test_a_command_that_fails_tells_what_it_printed(live: Stage) -> None:
    seen = look(live, by="command", command=["sh", "-c", "echo cold >&2; echo cache; exit 3"])

    assert seen.fault == "exit code 3: cold cache"


def test_a_command_that_is_not_in_the_image_is_told(live: Stage) -> None:
    seen = look(live, by="command", command=["no-such-command"])

    assert seen.fault.startswith("exit code 127")
    assert "must be in the image" in seen.hint()


def test_a_command_that_hangs_is_ended_with_all_that_it_started(
    live: Stage, tmp_path: Path
) -> None:
    told = tmp_path / "pids"
    script = f"sleep 300 & echo $! $$ > {told}; echo waiting; wait"

    seen = look(live, 1.0, by="command", command=["sh", "-c", script], request_timeout="1s")

    assert seen.fault == "it did not end within 1 s, and was ended: waiting"
    for pid in told.read_text().split():
        stat = Path(f"/proc/{pid}/stat")
        assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_a_signal_ends_a_command_that_hangs(live: Stage) -> None:
    kind = kind_of(
        Service(live.project, SetName.SET1), Health(by="command", command=("sleep", "300"))
    )
    began = time.monotonic()

    with pytest.raises(InterruptedRun):
        kind.look(60, lambda: _raise(InterruptedRun(15)))

    assert time.monotonic() - began < 30


# --- where a service is ---


def test_a_published_port_is_asked_on_this_server_and_any_other_at_its_address() -> None:
    made = Condition("running", reached=((80, "", 81), (90, "::1", 91)), address="172.18.0.3")

    assert made.place(80) == ("127.0.0.1", 81)
    assert made.place(90) == ("::1", 91)
    assert made.place(9000) == ("172.18.0.3", 9000)
    assert Condition("running").place(9000) == ("127.0.0.1", 0)


def test_a_service_without_a_container_is_an_error_of_the_engine(live: Stage) -> None:
    spec = live.settings.sets[SetName.SET1]
    members = {**spec.members, "ui": "set1-ui"}
    sets = {**live.settings.sets, SetName.SET1: spec.model_copy(update={"members": members})}
    live.project.settings = live.settings.model_copy(update={"sets": sets})

    with pytest.raises(EngineError, match="set1-ui has no container"):
        kind_of(Service(live.project, SetName.SET1, "ui"), Health(by="docker")).look(1)
