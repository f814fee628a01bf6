"""The least that a switch can take here: the engine's API and one reload, nothing checked."""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks import engine, watch
from benchmarks.stand import IMAGE, PORT, SET_PORTS, Stand

_INCLUDE = """\
set $service_url  fream_{name};
set $live_set     {name};
set $live_version "{version}";
set $live_switch  "limit";
"""


@dataclass(frozen=True)
class Limit:
    """Seconds of each part of one switch, from the first call to the first answer."""

    create: float
    start: float
    ready: float
    reload: float

    @property
    def total(self) -> float:
        """From the first call to the engine to the first answer through nginx."""
        return self.create + self.start + self.ready + self.reload


class LimitDriver:
    """Switches with bare calls. The containers are clones of those that Compose made."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._specifications: dict[str, dict[str, Any]] = {}

    def learn(self, name: str) -> None:
        """Take over how Compose made the container of a set."""
        self._specifications[name] = engine.specification(self._stand.container(name))

    def switch(self, target: str, version: str) -> Limit:
        """Start a version in the idle set and send requests there; then remove the other."""
        container = self._stand.container(target)
        moments = [time.monotonic()]
        image = f"{IMAGE}:{version}"
        engine.create(container, {**self._specifications[target], "Image": image})
        moments.append(time.monotonic())
        engine.start(container)
        moments.append(time.monotonic())
        moments.append(watch.wait_for(SET_PORTS[target], version))
        self._stand.include.write_text(
            _INCLUDE.format(name=target, version=version), encoding="utf-8"
        )
        engine.signal(self._stand.nginx, "HUP")
        moments.append(watch.wait_for(PORT, version))
        time.sleep(1)
        engine.remove(self._stand.container(other(target)))
        spans = [after - before for before, after in pairwise(moments)]
        return Limit(*spans)


def other(name: str) -> str:
    """The other set."""
    return "set2" if name == "set1" else "set1"
