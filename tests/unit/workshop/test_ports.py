"""Where the tests listen, nobody else comes."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.ports import BLOCK, FIRST, LAST, free_port


def test_no_client_is_given_a_port_of_the_tests() -> None:
    clients = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()

    assert int(clients[0]) > LAST


def test_a_port_that_somebody_has_is_passed_over() -> None:
    first = free_port()
    with socket.create_server(("127.0.0.1", first + 1)):
        assert free_port() > first + 1


def test_two_runs_have_no_port_in_common() -> None:
    code = "from tests.ports import free_port; print(free_port())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert FIRST <= int(other.stdout) <= LAST
    assert (int(other.stdout) - FIRST) // BLOCK != (free_port() - FIRST) // BLOCK
