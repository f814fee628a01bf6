"""What 10,000 slow clients cost the ordinary ones: their p99 with and without, in turn."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import fream, images
from benchmarks.part_throughput import inside
from benchmarks.shell import ROOT, VENV, run
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, Stand

_COUNT = 10_000
_MIX = "new=4,keepalive=6,post=2"
_SECONDS = 10
# To connect 10,000, and for the first to have been cut off.
_SETTLED = 25
_LONGEST = 120


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Ordinary clients of the demo app alone, then beside the slow ones, again and again."""
    images.build_demo(IMAGE)
    fream.call([VENV / "fream", "-C", stand.compose, "switch", "--version", "graceful"])
    sides: dict[str, list[dict[str, Any]]] = {"with": [], "without": []}
    slow = []
    for number in range(1 if quick else 10):
        sides["without"].append(_ordinary(stand))
        with _slow_clients(stand) as told:
            sides["with"].append(_ordinary(stand))
        slow.append(told)
        _tell(number + 1, {name: rows[-1] for name, rows in sides.items()}, told)
        time.sleep(5)
    return {
        "slow_clients": _COUNT,
        "held": min(sum(told["held"].values()) for told in slow),
        "refused": sum(sum(told["refused"].values()) for told in slow),
        **{name: _side(rows) for name, rows in sides.items()},
        "ratio": summary([_p99(new) / _p99(old) for new, old in zip(*sides.values(), strict=True)]),
    }


def _side(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "requests": sum(row["served"] + row["failed"] for row in rows),
        "failed": sum(row["failed"] for row in rows),
        "p99_ms": {
            kind: summary([row["latencies"][kind]["p99"] * 1000 for row in rows])
            for kind in rows[0]["latencies"]
        },
    }


def _p99(row: dict[str, Any]) -> float:
    """That of the kind of client that fares worst, in seconds."""
    return float(max(latency["p99"] for latency in row["latencies"].values()))


def _ordinary(stand: Stand) -> dict[str, Any]:
    """What ordinary clients saw, inside nginx's network as all of these clients are."""
    command = (VENV / "python", "-m", "load", "--port", "80", "--mix", _MIX, "--json")
    told = run(
        "sh", "-c", '"$@" || true', "sh", *inside(stand.nginx), *command, "--seconds", str(_SECONDS)
    )
    found: dict[str, Any] = json.loads(told)
    return found


@contextmanager
def _slow_clients(stand: Stand) -> Iterator[dict[str, Any]]:
    """Slow clients for a block; what became of them is in what it yields, afterwards."""
    # They would be on other machines: what they need of this one's processors is not nginx's.
    python = ("nice", "-n", "19", str(VENV / "python"))
    command = [*inside(stand.nginx), *python, "-m", "load.slow", "--port", "80"]
    limits = ["--count", str(_COUNT), "--seconds", str(_SETTLED + _SECONDS + 5)]
    told: dict[str, Any] = {}
    process = subprocess.Popen([*command, *limits], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        time.sleep(_SETTLED)
        yield told
        told.update(json.loads(process.communicate(timeout=_LONGEST)[0]))
    finally:
        process.kill()


def _tell(number: int, found: dict[str, Any], slow: dict[str, Any]) -> None:
    p99 = {
        name: {k: round(v["p99"] * 1000, 1) for k, v in row["latencies"].items()}
        for name, row in found.items()
    }
    failed = {name: row["by_kind"] for name, row in found.items()}
    print(f"  {number}: p99 in ms {p99}, failed {failed}; slow clients {slow}", flush=True)
