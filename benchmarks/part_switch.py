"""How long a switch takes: fream, the engine's limit and the old script, in turn."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from http.client import HTTPConnection
from typing import Any

from benchmarks import fream, images, old
from benchmarks.breakdown import breakdown
from benchmarks.limit import Limit, LimitDriver, other, renames
from benchmarks.old import OldScript
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, PORT, Stand
from benchmarks.watch import Watch

_IDLE_CLIENTS = 20
_RENAMES = 40


class Rounds:
    """Alternates the three, so that whatever else the machine does meets all of them."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._limit_driver = LimitDriver(stand)
        self._old = OldScript(stand)
        self._live, self._version = "set2", "b"
        self.fream: list[fream.Switch] = []
        self.limit: list[Limit] = []
        self.old: list[dict[str, float]] = []
        self.traces: list[fream.Switch] = []
        self.idle: list[fream.Switch] = []
        self.renames: list[float] = []

    def run(self, rounds: int, traces: int) -> None:
        """Warm up, then measure."""
        images.build_at_once(IMAGE)
        self._warm_up()
        self._old.start("a")
        try:
            for number in range(rounds):
                self._round(number)
        finally:
            self._old.stop()
        for _ in range(traces):
            self._next()
            self.traces.append(fream.traced_switch(self._stand.compose, self._version, PORT))
        self._stand.set_env(GUARD="0")
        for _ in range(traces):
            self._next()
            with _idle_clients():
                self.idle.append(fream.switch(self._stand.compose, self._version, PORT))
        before = {self._live: self._version}
        self._next()
        self._stand.set_env(KEEP_WARM="10m")
        fream.switch(self._stand.compose, self._version, PORT)
        self.renames = renames(self._stand, before | {self._live: self._version}, _RENAMES)

    def _round(self, number: int) -> None:
        self._next()
        self.fream.append(fream.switch(self._stand.compose, self._version, PORT))
        self._next()
        self.limit.append(self._limit_driver.switch(self._live, self._version))
        self.old.append(self._old_switch("ba"[number % 2]))
        print(
            f"  round {number + 1}: fream {self.fream[-1].confirmed:.2f} s, "
            f"limit {self.limit[-1].total:.2f} s, old {self.old[-1]['returned']:.2f} s",
            flush=True,
        )

    def _next(self) -> None:
        self._live, self._version = other(self._live), "a" if self._version == "b" else "b"

    def _warm_up(self) -> None:
        for _ in range(2):
            self._next()
            fream.switch(self._stand.compose, self._version, PORT)
            self._limit_driver.learn(self._live)

    def _old_switch(self, version: str) -> dict[str, float]:
        began = time.monotonic()
        with Watch(old.PORT, version) as watch:
            returned = self._old.switch(version)
        return {"first_answer": watch.since(began), "returned": returned}


@contextmanager
def _idle_clients() -> Iterator[None]:
    """Clients that keep their connection and ask for nothing; none is sent away."""
    with ExitStack() as held:
        clients = [
            held.enter_context(closing(HTTPConnection("127.0.0.1", PORT)))
            for _ in range(_IDLE_CLIENTS)
        ]
        _ask(clients)
        sockets = [client.sock for client in clients]
        yield
        _ask(clients)
        if sockets != [client.sock for client in clients]:
            raise RuntimeError("a switch closed idle connections")


def _ask(clients: Sequence[HTTPConnection]) -> None:
    for client in clients:
        client.request("GET", "/products")
        client.getresponse().read()


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Seconds, with the least and the most."""
    rounds = Rounds(stand)
    rounds.run(3 if quick else 15, 2 if quick else 7)
    confirmed = summary([switch.confirmed for switch in rounds.fream])
    limit = summary([switch.total for switch in rounds.limit])
    return {
        "fream": {
            "confirmed": confirmed,
            "first_answer": summary([switch.first_answer for switch in rounds.fream]),
            "returned": summary([switch.returned for switch in rounds.fream]),
            "returned_without_guard": summary([switch.returned for switch in rounds.idle]),
            "steps": _steps(rounds.fream),
        },
        "rename": summary([seconds * 1000 for seconds in rounds.renames]),
        "limit": {"total": limit, **_columns([asdict(switch) for switch in rounds.limit])},
        "old": _columns(rounds.old),
        "fream_minus_limit": round(confirmed["median"] - limit["median"], 3),
        "where_the_time_goes": breakdown([switch.trace for switch in rounds.traces]),
    }


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    return {name: summary([row[name] for row in rows]) for name in rows[0]}


def _steps(switches: list[fream.Switch]) -> dict[str, Any]:
    named = [{_plain(title): s for title, s in switch.steps.items()} for switch in switches]
    return _columns(named)


def _plain(title: str) -> str:
    return "Pull" if title.startswith("Pull ") else title
