"""Requests of HTTP/2 clients that fail while releases are switched; and connections they lose."""

from collections import Counter
from typing import Any

from benchmarks import fream, images
from benchmarks.shell import VENV, quietly
from benchmarks.stand import IMAGE, NAME, PORT, Stand
from load.http2_clients import Http2Clients

_BATCH_SECONDS = 60
# Go's client and curl take part; the figure of old was that of httpx and Node.
_URL = f"https://{NAME}-nginx/version"


def measure(stand: Stand, switches: int) -> dict[str, Any]:
    """Batches of switches under all clients until there were so many."""
    images.build_at_once(IMAGE)
    compose = stand.compose
    stand.set_env(GUARD="1s")
    fream.call([VENV / "fream", "-C", compose, "switch", "--version", "a"])
    clients = Http2Clients(f"{IMAGE}:http2", NAME)
    clients.build(images.chosen()["BASE_IMAGE"])
    clients.add_server(stand.folder / "nginx")
    fream.call([VENV / "fream", "-C", compose, "reload"])
    served: Counter[str] = Counter()
    again: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    done = 0
    while done < switches:
        clients.start(_URL, _BATCH_SECONDS)
        while clients.running:
            fream.switch(compose, images.AT_ONCE[(done + 1) % 2], PORT)
            done += 1
        for name, found in clients.outcomes().items():
            served[name] += found.served
            again[name] += found.connections - 1
            failures.update({f"{name}: {what}": n for what, n in found.failures.items()})
        print(
            f"  {done} switches, {served.total()} requests, {failures.total()} failed", flush=True
        )
    quietly("docker", "rmi", f"{IMAGE}:http2")
    return {
        "switches": done,
        "served": dict(served),
        "failed": failures.total(),
        "by_kind": dict(failures),
        "opened_anew": dict(again),
    }
