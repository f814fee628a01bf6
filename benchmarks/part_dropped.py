"""Requests that fail while releases are switched, by kind of client."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import fream, images, old
from benchmarks.latency import CLIENT, middle
from benchmarks.old import OldScript
from benchmarks.shell import VENV
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, PORT, Stand
from load import Latency, Load, Mix, Report

# No WebSockets: the old configuration passes none on, and while one is open fream's drain
# lasts to its deadline, a minute for each switch.
_MIX = Mix(websocket=0)
_BATCH = 5
_SECONDS_PER_SWITCH = 150.0
# In the long run these add up to the 400,000 requests of the target.
_REQUESTS_PER_SWITCH = 4_200
_BEFORE, _AFTER = 400, 400
_PHASES = ("before", "during", "after")


@dataclass
class Tally:
    """What the load saw of one side. `closes` cost no request."""

    switches: int = 0
    served: int = 0
    failed: int = 0
    seconds: float = 0.0
    by_kind: Counter[str] = field(default_factory=Counter)
    by_client: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    gap: float = 0.0
    examples: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    latencies: dict[str, list[Latency]] = field(default_factory=lambda: {p: [] for p in _PHASES})

    def add(self, report: Report) -> None:
        """Count what one batch saw."""
        self.served += report.served
        self.failed += report.failed
        self.seconds += report.seconds
        self.by_kind.update(report.by_kind)
        self.by_client.update(failure.client for failure in report.failures)
        self.closes.update(report.closes)
        self.gap = max(self.gap, report.gap.seconds)
        for phase in report.phases[1:]:
            self.latencies[phase.name.split()[0]].append(phase.latencies[CLIENT])
        self.examples = (self.examples + [failure.line() for failure in report.failures])[:20]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "switches": self.switches,
            "requests": self.served + self.failed,
            "failed": self.failed,
            "failed_per_switch": round(self.failed / max(self.switches, 1), 2),
            "seconds": round(self.seconds, 1),
            "by_kind": dict(self.by_kind),
            "by_client": dict(self.by_client),
            "closes_that_cost_nothing": dict(self.closes),
            "longest_gap": round(self.gap, 3),
            "latency_ms": {name: middle(rows) for name, rows in self.latencies.items()},
            "switch_seconds": summary(self.took),
            "examples": self.examples,
        }


def measure(stand: Stand, switches: int, old_switches: int) -> dict[str, Any]:
    """Batches of switches, fream and the old script in turn, under the same mix of clients."""
    images.build_demo(IMAGE)
    script = OldScript(stand)
    fream.call([VENV / "fream", "-C", stand.compose, "switch", "--version", "graceful"])
    script.start("graceful")
    new, before = Tally(), Tally()
    try:
        while new.switches < switches or before.switches < old_switches:
            _batch(new, PORT, switches, lambda version: _release(stand, version))
            _batch(before, old.PORT, old_switches, script.switch)
    finally:
        script.stop()
    return {"fream": new.to_json(), "old": before.to_json()}


def _release(stand: Stand, version: str) -> float:
    return fream.switch(stand.compose, version, PORT).returned


def _batch(tally: Tally, port: int, goal: int, switch: Callable[[str], float]) -> None:
    count = min(_BATCH, goal - tally.switches)
    if count <= 0:
        return
    with Load(port, _MIX, max_seconds=count * _SECONDS_PER_SWITCH) as load:
        for _ in range(count):
            # The first release of each side is the graceful one.
            version = "graceful" if tally.switches % 2 else "dies"
            served = load.served
            load.mark("before")
            load.wait_for(_BEFORE)
            load.mark(f"during switch {tally.switches + 1} to {version}")
            tally.took.append(switch(version))
            load.mark("after")
            load.wait_for(max(_AFTER, served + _REQUESTS_PER_SWITCH - load.served), timeout=60)
            tally.switches += 1
    tally.add(load.report)
    print(
        f"  port {port}: {tally.switches} switches, {tally.served + tally.failed} requests, "
        f"{tally.failed} failed",
        flush=True,
    )
