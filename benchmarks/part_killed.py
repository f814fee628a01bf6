"""The live container is killed while the other set is kept warm: what its clients notice."""

import time
from collections import Counter
from typing import Any

from benchmarks import engine, fream, images
from benchmarks.shell import VENV
from benchmarks.stand import IMAGE, PORT, Stand
from load import Load, Mix

_CLIENTS = Mix.only(new=4, keepalive=16)
_SECONDS_AFTER = 5.0
_MOST_SECONDS = 60.0


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Again and again: release, keep the old set warm, kill the new one, look, recover."""
    images.build_demo(IMAGE)
    versions = tuple(images.ENDINGS)
    stand.set_env(GUARD="1s", KEEP_WARM="10m")
    kills = 3 if quick else 20
    requests, failed = 0, Counter[str]()
    slowest: list[float] = []
    for number in range(kills + 1):
        fream.call(_command(stand, "switch", "--version", versions[number % 2]))
        if number == 0:
            continue  # the first release has no other to be caught by
        with Load(PORT, _CLIENTS, _MOST_SECONDS) as load:
            load.wait_for(200)
            engine.kill(stand.container(_live(stand)))
            load.mark("killed")
            time.sleep(_SECONDS_AFTER)
        requests += load.report.served + load.report.failed
        failed.update(load.report.by_kind)
        slowest.append(load.report.gap.seconds)
        fream.call(_command(stand, "recover"))
        print(f"  {number} kills, {requests} requests, {failed.total()} failed", flush=True)
    return {
        "kills": kills,
        "requests": requests,
        "failed": failed.total(),
        "by_kind": dict(failed),
        "longest_gap": round(max(slowest), 3),
    }


def _command(stand: Stand, *words: str) -> list[Any]:
    return [VENV / "fream", "-C", stand.compose, *words]


def _live(stand: Stand) -> str:
    return next(name for name in ("set1", "set2") if (stand.folder / "nginx/live" / name).exists())
