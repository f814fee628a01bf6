"""Asks an app many times in one connection: python -m tests.faults.wear PORT REQUESTS."""

from __future__ import annotations

import socket
import sys

BATCH = 100
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: wear\r\n\r\n"


def wear(port: int, requests: int) -> None:
    """Ask so often, and wait for each answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for _ in range(0, requests, BATCH):
            connection.sendall(REQUEST * BATCH)
            _await_answers(connection)


def _await_answers(connection: socket.socket) -> None:
    seen = b""
    while seen.count(b"HTTP/1.1 ") < BATCH:
        received = connection.recv(65536)
        assert received, "the app closed the connection"
        seen += received


if __name__ == "__main__":
    wear(int(sys.argv[1]), int(sys.argv[2]))
