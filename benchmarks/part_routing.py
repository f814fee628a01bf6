"""What it costs to choose the set anew for each request: fream's way, a reload's, and peers."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import engine, fream, images, part_throughput
from benchmarks.shell import ROOT, VENV, quietly, run
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, NAME, Stand

_CLIENTS = (1, 32)
_SECONDS = 5
_EARLIER = ROOT / "fream_compose" / "setup" / "unmarked" / "nginx"
# What an earlier fream wrote to name the live set.
_FIXED = (
    "set $service_url fream_set1;\nset $live_set set1;\n"
    "set $live_version a;\nset $live_switch benchmark;\n"
)
_PEERS = {
    "HAProxy": ("haproxy", "-W", "-db", "-f", "/etc/peers/haproxy.cfg"),
    "Caddy": ("caddy", "run", "--config", "/etc/peers/Caddyfile", "--adapter", "caddyfile"),
}


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Each proxy in turn, in as many rounds as asked for; the medians, and ratios of them."""
    images.build_at_once(IMAGE)
    fream.call([VENV / "fream", "-C", stand.compose, "switch", "--version", "a"])
    proxies = {"reload": f"{NAME}-reload", "fream": stand.nginx}
    _start(proxies["reload"], images.chosen()["NGINX_IMAGE"], _earlier(stand))
    peers = _build_peers()
    for name, command in _PEERS.items():
        proxies[name] = f"{NAME}-{name.lower()}"
        _start(proxies[name], peers, None, *command)
    try:
        _await(proxies)
        return {str(clients): _rounds(proxies, clients, 1 if quick else 4) for clients in _CLIENTS}
    finally:
        for container in set(proxies.values()) - {stand.nginx}:
            quietly("docker", "rm", "--force", "--volumes", container)


def _earlier(stand: Stand) -> Path:
    """The same configuration as before the set was looked up at each request."""
    folder = stand.folder / "reload"
    ignored = shutil.ignore_patterns("live", ".live", ".candidate")
    shutil.copytree(stand.folder / "nginx", folder, ignore=ignored)
    for file in _EARLIER.iterdir():
        shutil.copy(file, folder)
    (folder / "service-url.inc").write_text(_FIXED, encoding="utf-8")
    return folder


def _build_peers() -> str:
    image = f"{IMAGE}:peers"
    base = f"BASE_IMAGE={images.chosen()['BASE_IMAGE']}"
    options = ("--network", "host", "--build-arg", base, "--tag", image)
    run("docker", "build", *options, ROOT / "benchmarks" / "peers", limit=600)
    return image


def _start(name: str, image: str, configuration: Path | None, *command: str) -> None:
    mount = ("--volume", f"{configuration}:/etc/nginx:ro") if configuration else ()
    options = ("--detach", "--name", name, "--network", NAME, *mount)
    run("docker", "run", *options, image, *command)


def _await(proxies: Mapping[str, str]) -> None:
    """Until each has found the app, which takes as long as its DNS."""
    for container in proxies.values():
        for _ in range(50):
            if part_throughput.ask(container, 1, 1).failed == 0:
                break
            time.sleep(0.2)
        else:
            raise RuntimeError(f"{container} does not answer")


def _rounds(proxies: Mapping[str, str], clients: int, rounds: int) -> dict[str, Any]:
    rates: dict[str, list[float]] = {name: [] for name in proxies}
    costs: dict[str, list[float]] = {name: [] for name in proxies}
    for _ in range(rounds):
        for name, container in proxies.items():
            before = _processor_seconds(container)
            found = part_throughput.ask(container, clients, _SECONDS)
            answers = found.per_second * _SECONDS
            costs[name].append((_processor_seconds(container) - before) / answers * 1e6)
            rates[name].append(found.per_second)
            part_throughput.tell("routing", name, clients, found)
    fixed = median(rates["reload"])
    return {
        name: {
            "per_second": summary(rates[name]),
            "over_reload": round(median(rates[name]) / fixed, 2),
            "processor_us": round(median(costs[name]), 1),
        }
        for name in proxies
    }


def _processor_seconds(container: str) -> float:
    """What a container's processes have used of the processors."""
    return float(engine.statistics(container)["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9
