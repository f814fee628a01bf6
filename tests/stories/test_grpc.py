"""A gRPC service from PyPI's libraries: the standard health check, released twice under load."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.stories.own_app import fream, project, push, run
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import Releases
from tests.stories.waiting import eventually

PROJECT = f"{NAME}-grpc"
PORT = FIRST_PORT + 1080
SERVER = r"""
import os, signal, threading, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

VERSION, STATUS = os.environ["APP_VERSION"], os.environ["APP_HEALTH"]

def hello(request, context):
    return VERSION.encode() + b" " + request

def count(request, context):
    for number in range(20):
        time.sleep(0.05)
        yield b"%d" % number

server = grpc.server(ThreadPoolExecutor(16))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Greeter", {
    "Hello": grpc.unary_unary_rpc_method_handler(hello),
    "Count": grpc.unary_stream_rpc_method_handler(count),
})])
checked = health.HealthServicer()
checked.set("shop.Greeter", getattr(health_pb2.HealthCheckResponse, STATUS))
health_pb2_grpc.add_HealthServicer_to_server(checked, server)
server.add_insecure_port("0.0.0.0:" + os.environ["SERVER_PORT"])
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
server.start()
over.wait()
server.stop(30).wait()
"""
LINES = " ".join(f'"{line}"' for line in SERVER.replace('"', "'").splitlines())
RECIPE = """
FROM {base}
RUN pip install --no-cache-dir grpcio grpcio-health-checking
RUN printf '%%s\\n' LINES > /srv/server.py
CMD ["python", "-u", "/srv/server.py"]
ENV APP_VERSION=%s APP_HEALTH=%s
""".replace("LINES", LINES.replace("%", "%%"))
SITE = """\
http2 on;
location /shop.Greeter/ {
    grpc_pass grpc://$service_url;
}
"""


class Callers:
    """People who never retry: two call all the time, one has a stream of a second each."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.streamed = 0
        self.failed: list[str] = []
        self._over = threading.Event()
        self._grpc: Any = importlib.import_module("grpc")

    def call(self, streams: bool) -> None:
        """Call until it is over, on one connection."""
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        with self._grpc.insecure_channel(f"127.0.0.1:{PORT}", options=options) as channel:
            hello = channel.unary_unary("/shop.Greeter/Hello")
            count = channel.unary_stream("/shop.Greeter/Count")
            while not self._over.wait(0.005):
                try:
                    if streams:
                        assert len(list(count(b"", timeout=10))) == 20
                        self.streamed += 1
                    else:
                        version, _, name = hello(b"you", timeout=10).decode().partition(" ")
                        assert name == "you"
                        self.served.append(version)
                except (self._grpc.RpcError, AssertionError) as error:
                    self.failed.append(repr(error))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them call for the length of a block."""
        callers = [threading.Thread(target=self.call, args=(s,)) for s in (False, False, True)]
        for caller in callers:
            caller.start()
        try:
            yield
            called = len(self.served)
            eventually(lambda: len(self.served) > called + 20)
        finally:
            self._over.set()
            for caller in callers:
                caller.join()


@pytest.fixture
def place(releases: Releases, tmp_path: Path) -> Iterator[Path]:
    """The project, its nginx up, with three releases in the registry of which the last is bad."""
    health = {"1.0": "SERVING", "1.1": "SERVING", "1.2": "NOT_SERVING"}
    recipes = {version: RECIPE % (version, told) for version, told in health.items()}
    image = push(releases, "grpc/greeter", recipes)
    options = ["--image", image, "--app-port", "50051", "--http-port", f"127.0.0.1:{PORT}"]
    settings = ["GUARD=1s", "HEALTH_CHECK_BY=grpc", "HEALTH_CHECK_TIMEOUT=5s"]
    options += [f"--set={each}" for each in settings]
    with project(tmp_path, PROJECT, *options) as made:
        compose = made / "compose" / "compose.yaml"
        compose.write_text(compose.read_text().replace('service: ""', "service: shop.Greeter"))
        (made / "nginx" / "site.d" / "grpc.conf").write_text(SITE)
        fream(made, "up", "infra")
        yield made


def test_a_grpc_service_is_released_twice_under_load_and_a_bad_release_is_refused(
    place: Path,
) -> None:
    said = fream(place, "switch", "--version", "1.0")
    assert "grpc shop.Greeter SERVING" in said
    callers = Callers()
    with callers.at_work():
        eventually(lambda: callers.served and callers.streamed)
        evidence = fream(place, "switch", "--version", "1.1")
        fream(place, "rollback")
        refused = run(place, "switch", "--version", "1.2")

    assert callers.failed == []
    assert {*callers.served} == {"1.0", "1.1"}
    assert callers.served[-1] == "1.0"
    assert "0 failed" in evidence
    assert refused.returncode == 6
    assert "gRPC health of 127.0.0.1" in refused.stdout + refused.stderr
    assert "NOT_SERVING" in refused.stdout + refused.stderr
    assert "healthy: grpc shop.Greeter SERVING" in fream(place, "status")
    fream(place, "doctor")

    # A GET over HTTP is the wrong question, and fream says so.
    env = place / "compose" / ".env"
    env.write_text(env.read_text().replace("BY=grpc", "BY=http"))
    wrong = run(place, "switch", "--version", "1.1")
    assert wrong.returncode == 3  # a gRPC service is named, and HTTP asks for none
    compose = place / "compose" / "compose.yaml"
    compose.write_text(compose.read_text().replace("service: shop.Greeter", 'service: ""'))
    wrong = run(place, "switch", "--version", "1.1")
    assert wrong.returncode == 6
    assert "port 50051 speaks no HTTP/1.1" in wrong.stdout + wrong.stderr
