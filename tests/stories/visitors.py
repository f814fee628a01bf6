"""People who use any app, and never retry: what they were answered, and what failed."""

from __future__ import annotations

import http.client
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Visit:
    """What a visitor does again and again.

    path: may hold {number}, another one each time. version: finds the release in the answer.
    keep: whether the connection is kept.
    """

    path: str
    version: str
    method: str = "GET"
    keep: bool = True


@contextmanager
def at_work(over: threading.Event, deeds: Sequence[Callable[[], None]]) -> Iterator[None]:
    """Have each done in a thread of its own for the length of a block, which `over` ends."""
    threads = [threading.Thread(target=deed) for deed in deeds]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


class Visitors:
    """Visitors of a port of this machine."""

    def __init__(self, port: int, *visits: Visit) -> None:
        self.served: dict[str, list[str]] = {visit.path: [] for visit in visits}
        self.failed: list[str] = []
        self.sent: list[int] = []
        self._port = port
        self._visits = visits
        self._over = threading.Event()
        self._numbers = itertools.count(1)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them ask for the length of a block."""
        with at_work(self._over, [partial(self._visit, visit) for visit in self._visits]):
            yield

    def all_served(self, more: int = 1) -> bool:
        """Whether each has had so many answers."""
        return all(len(versions) >= more for versions in self.served.values())

    def _visit(self, visit: Visit) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._over.wait(0.02):
            number = next(self._numbers)
            try:
                connection.request(visit.method, visit.path.format(number=number))
                answer = connection.getresponse()
                text = answer.read().decode()
                assert answer.status < 300, f"HTTP {answer.status}: {text[:100]}"
                found = re.search(visit.version, text)
                assert found, f"not an answer of the app: {text[:100]}"
                self.served[visit.path].append(found[1])
                if visit.method == "POST":
                    self.sent.append(number)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed.append(f"{visit.method} {visit.path}: {error!r}")
                connection.close()
            if not visit.keep:
                connection.close()
        connection.close()
