"""Clients that others wrote see no failure either: requests and curl."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases

TRANSFERS = 40  # on one connection, before curl opens the next


class Client(threading.Thread):
    """Asks again and again until it is stopped; remembers each status."""

    def __init__(self, ask: Callable[[], list[str]]) -> None:
        super().__init__()
        self._ask = ask
        self._ended = threading.Event()
        self.statuses: list[str] = []

    def run(self) -> None:
        while not self._ended.wait(0.02):
            self.statuses += self._ask()

    def stop(self) -> None:
        self._ended.set()
        self.join()


@contextmanager
def clients(url: str) -> Iterator[list[Client]]:
    """A requests session and curl, both on connections that they keep."""
    session = requests.Session()

    def with_requests() -> list[str]:
        return [str(session.get(url, timeout=30).status_code)]

    def with_curl() -> list[str]:
        asked = ["--output", "/dev/null", url] * TRANSFERS
        command = ["curl", "--silent", "--http1.1", "--write-out", "%{http_code}\n", *asked]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()

    running = [Client(with_requests), Client(with_curl)]
    for client in running:
        client.start()
    try:
        yield running
    finally:
        for client in running:
            client.stop()
        session.close()


def test_requests_and_curl_see_no_failure(released: Project, releases: Releases) -> None:
    with clients(f"{released.url}/products") as running:
        for version in (releases.push("1.0.1"), GOOD):
            released.switch(version)
    for client in running:
        assert len(client.statuses) > TRANSFERS
        assert set(client.statuses) == {"200"}
