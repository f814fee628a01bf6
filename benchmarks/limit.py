"""The least that a switch can take here: the engine's API and one rename, nothing checked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks import engine, watch
from benchmarks.stand import IMAGE, PORT, SET_PORTS, Stand
from fream_compose.nginx import include
from fream_compose.release import LiveRelease, SetName, Version


@dataclass(frozen=True)
class Limit:
    """Seconds of each part of one switch, from the first call to the first answer."""

    create: float
    start: float
    ready: float
    cut_over: float

    @property
    def total(self) -> float:
        """From the first call to the engine to the first answer through nginx."""
        return self.create + self.start + self.ready + self.cut_over


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
        include.put(
            self._stand.folder / "nginx",
            LiveRelease(SetName(target), Version(version), f"limit-{target}"),
        )
        moments.append(watch.wait_for(PORT, version))
        time.sleep(1)
        engine.remove(self._stand.container(other(target)))
        spans = [after - before for before, after in pairwise(moments)]
        return Limit(*spans)


def renames(stand: Stand, versions: Mapping[str, str], rounds: int) -> list[float]:
    """Seconds from a rename of the link to the first answer of the other set, both running."""
    found = []
    named = [
        LiveRelease(SetName(name), Version(version), f"limit-{name}")
        for name, version in versions.items()
    ]
    for number in range(rounds + len(named)):
        live = named[number % len(named)]
        began = time.monotonic()
        include.put(stand.folder / "nginx", live)
        seconds = watch.wait_for(PORT, live.version.tag, pause=0) - began
        if number >= len(named):  # by then the folders are there, and the link alone changes
            found.append(seconds)
    return found


def other(name: str) -> str:
    """The other set."""
    return "set2" if name == "set1" else "set1"
