"""Clients that are slow on purpose are cut off or borne with; the others do not notice."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from load import Load, Mix
from load.slow import SlowClients
from tests.stories.docker import docker, logs
from tests.stories.project import Project
from tests.stories.releases import machine_images
from tests.stories.waiting import eventually

CLIENTS = 1_500
# Longer than each of nginx's timeouts for them.
TOO_LONG = 45
PARTS = 16
SILENT = {
    "no header": b"GET /version HTTP/1.1\r\nUser-Agent: silent\r\n",
    "no body": b"POST /echo HTTP/1.1\r\nHost: a\r\nUser-Agent: silent\r\n"
    b"Content-Length: 9\r\n\r\nhalf",
}
# More than the buffers of this machine, and of Docker's own proxy, take off nginx's hands.
UNREAD = (
    b"GET /stream?chunks=128&interval=0&size=1048576 HTTP/1.1\r\n"
    b"Host: a\r\nUser-Agent: unread\r\n\r\n"
)


def connected(project: Project, said: bytes) -> socket.socket:
    """A connection on which this was said."""
    sock = socket.create_connection(("127.0.0.1", project.http_port), TOO_LONG * 2)
    sock.sendall(said)
    return sock


def uploaded_slowly(project: Project) -> bytes:
    """The answer to a body that takes longer than any timeout, with little in each of its parts."""
    head = f"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {PARTS}\r\n\r\n"
    with closing(connected(project, head.encode())) as sock:
        for _ in range(PARTS):
            time.sleep(TOO_LONG / PARTS)
            sock.sendall(b"x")
        return sock.makefile("rb").read()


def lines_of(project: Project, agent: str) -> list[dict[str, object]]:
    """What nginx logged of clients that call themselves so."""
    lines = logs(project.container("nginx")).splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    return [entry for entry in entries if entry["agent"] == agent]


@pytest.fixture
def slow(released: Project) -> Iterator[SlowClients]:
    """Slow clients of both ports, a third of each kind, for the length of a test."""
    with SlowClients((released.http_port, released.alt_port), CLIENTS, pace=5.0) as clients:
        eventually(lambda: sum(clients.held.values()) >= CLIENTS * 0.99)
        yield clients


def test_ordinary_clients_are_answered_and_slow_ones_get_what_is_theirs(
    released: Project, slow: SlowClients
) -> None:
    with (
        Load(released.http_port, Mix.only(new=2, keepalive=2, post=1, stream=1)) as load,
        ExitStack() as stack,
    ):
        silent = [stack.enter_context(connected(released, said)) for said in SILENT.values()]
        stack.enter_context(connected(released, UNREAD))
        answer = uploaded_slowly(released)
        for sock in silent:
            sock.settimeout(TOO_LONG)
        ends = [sock.recv(1) for sock in silent]
        eventually(lambda: lines_of(released, "unread"))

    assert load.report.ok, "\n".join(load.report.lines())
    # Slow but not silent: it arrived whole, and so do the bodies and readers that go on.
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n" + b"x" * PARTS)
    assert slow.refused == {}
    assert set(slow.ended) == {"headers"}
    assert slow.ended["headers"] >= CLIENTS // 3
    # Silent: cut off.
    assert ends == [b"", b""]
    assert [entry["status"] for entry in lines_of(released, "silent")] == [408, 408]
    assert [entry["completion"] for entry in lines_of(released, "unread")] == [""]


@contextmanager
def limited_nginx(project: Project, files: str) -> Iterator[str]:
    """nginx with the project's configuration, in a container with this limit for open files."""
    name = f"{project.name}-limited"
    options = ("--ulimit", f"nofile={files}", "--network", project.name)
    mount = ("--volume", f"{project.folder}/nginx:/etc/nginx:ro")
    image = machine_images()["NGINX_IMAGE"]
    docker("run", "--detach", "--name", name, *options, *mount, image)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def test_a_worker_may_open_a_file_for_each_connection_that_it_takes(released: Project) -> None:
    """Though new Docker engines begin with 1,024."""
    told = docker("exec", released.container("nginx"), "nginx", "-T")
    connections = int(told.partition("worker_connections ")[2].partition(";")[0])
    assert connections >= 10_000

    with limited_nginx(released, "1024:20000") as name:
        eventually(lambda: most_files(name) >= connections)


def most_files(container: str) -> int:
    """How many files a process in a container may open; a worker it is that may open most."""
    told = docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/limits || true")
    return max(int(line.split()[3]) for line in told.splitlines() if "open files" in line)
