"""Requests per second through nginx: fream's configuration and the old one, same upstream."""

import os
import re
import time
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import engine, fream, images, old
from benchmarks.old import OldScript
from benchmarks.shell import VENV, run
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, Stand

_THREADS = {1: 1, 32: 2}
_MAX_SECONDS = 120
# What a closed connection holds its port for, and a little more.
_PORTS_ARE_FREE_AGAIN = 65


@dataclass(frozen=True)
class Answers:
    """Good answers per second, requests that failed, and the median latency in ms."""

    per_second: float
    failed: int
    latency_ms: float


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Short runs in turn, then the sustained ones."""
    images.build_at_once(IMAGE)
    fream.call([VENV / "fream", "-C", stand.compose, "switch", "--version", "a"])
    script = OldScript(stand)
    script.start("a")
    try:
        return _measure(stand, quick)
    finally:
        script.stop()


def _measure(stand: Stand, quick: bool) -> dict[str, Any]:
    proxies = {"fream": stand.nginx, "old": old.NGINX}
    results: dict[str, Any] = {"short": {}, "sustained": {}}
    for clients in (1, 32):
        results["short"][str(clients)] = _short(proxies, clients, 1 if quick else 2)
    for clients in (32,) if quick else (1, 32):
        time.sleep(_PORTS_ARE_FREE_AGAIN)
        results["sustained"][str(clients)] = _sustained(proxies, clients)
    return results


def _short(proxies: dict[str, str], clients: int, rounds: int) -> dict[str, Any]:
    """Five seconds each, in turn. The old side's ports are free again before each run."""
    found: dict[str, list[Answers]] = {name: [] for name in proxies}
    for number in range(rounds):
        if number or clients > 1:
            time.sleep(_PORTS_ARE_FREE_AGAIN)
        for name, container in proxies.items():
            found[name].append(ask(container, clients, 5))
            tell("short", name, clients, found[name][-1])
    return _compared({name: [a.per_second for a in rows] for name, rows in found.items()}) | {
        "latency_ms": {name: summary([a.latency_ms for a in rows]) for name, rows in found.items()}
    }


def _sustained(proxies: dict[str, str], clients: int) -> dict[str, Any]:
    """Thirty seconds without a pause, then what is left in the ten after."""
    found = {}
    for name, container in proxies.items():
        first, after = ask(container, clients, 30), ask(container, clients, 10)
        found[name] = {"first_30_s": asdict(first), "after_30_s": asdict(after)}
        tell("first 30 s", name, clients, first)
        tell("after 30 s", name, clients, after)
    rates = {name: rows["after_30_s"]["per_second"] for name, rows in found.items()}
    return {**found, "ratio_after_30_s": _ratio(rates["fream"], rates["old"])}


def _compared(rates: dict[str, list[float]]) -> dict[str, Any]:
    summaries = {name: summary(values) for name, values in rates.items()}
    medians = {name: found["median"] for name, found in summaries.items()}
    return {**summaries, "ratio": _ratio(medians["fream"], medians["old"])}


def _ratio(new: float, before: float) -> float:
    return round(new / max(before, 0.1), 1)


def tell(run_name: str, name: str, clients: int, answers: Answers) -> None:
    """Say how far the run is."""
    print(
        f"  {run_name}, {clients} clients, {name}: {answers.per_second:.0f} good answers/s, "
        f"{answers.failed} failed, {answers.latency_ms} ms",
        flush=True,
    )


def ask(container: str, clients: int, seconds: int) -> Answers:
    """What wrk counts inside the proxy's network, without Docker's port forwarding between."""
    assert seconds <= _MAX_SECONDS
    options = (f"-t{_THREADS[clients]}", f"-c{clients}", f"-d{seconds}s", "--latency")
    return parse(run(*inside(container), "wrk", *options, "http://127.0.0.1/products"))


def inside(container: str) -> tuple[str, ...]:
    """The words before a command that is to run inside a container's network."""
    if os.geteuid() != 0:
        raise PermissionError("the throughput part enters a container's network: run it as root")
    return ("nsenter", "--net", "--target", str(engine.inspect(container)["State"]["Pid"]))


def parse(text: str) -> Answers:
    """Read what wrk prints."""
    requests, seconds = _numbers(r"(\d+) requests in ([\d.]+)(ms|s|m)", text)
    (wrong,) = _numbers(r"Non-2xx or 3xx responses: (\d+)", text) or (0.0,)
    lost = sum(_numbers(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", text))
    (latency,) = _numbers(r"50%\s+([\d.]+)(us|ms|s)", text)
    rate = (requests - wrong) / seconds
    return Answers(round(rate, 1), int(wrong + lost), round(latency * 1000, 3))


def _numbers(pattern: str, text: str) -> list[float]:
    """The groups of the first match; the number before a unit in seconds."""
    match = re.search(pattern, text)
    if not match:
        return []
    groups, units = list(match.groups()), {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
    scale = units[groups.pop()] if groups[-1] in units else 1.0
    numbers = [float(group) for group in groups]
    return [*numbers[:-1], numbers[-1] * scale]
