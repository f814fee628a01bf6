"""What the measurements are held against."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """One number that was wanted, and the one that was measured."""

    what: str
    wanted: str
    measured: str
    verdict: str


def targets(results: Results) -> Iterator[Target]:
    """The targets of the parts that were measured."""
    for part, check in _CHECKS.items():
        if part in results:
            yield from check(results[part])


def _switch(found: Results) -> Iterator[Target]:
    yield _at_most(
        "Enter to confirmed cut-over, over the engine's limit", 1.5, found["fream_minus_limit"], "s"
    )
    first = found["rename"]["median"]
    yield _at_most("the link renamed, to the first new answer", 5, first, "ms")
    confirmed = found["fream"]["steps"]["Cut over to SET"]["median"] * 1000
    yield _at_most("the link renamed, to the confirmed cut-over", 50, confirmed, "ms")
    returned = found["fream"]["returned_without_guard"]["median"]
    yield _at_most("Enter to return, idle clients on the line, no guard", 3, returned, "s")


def _dropped(found: Results) -> Iterator[Target]:
    row = found["fream"]
    measured = f"{row['failed']} of {row['requests']:,} in {row['switches']} switches"
    wanted = "0 of 400,000 or more in 100 switches"
    enough = row["switches"] >= 100 and row["requests"] >= 400_000
    verdict = _verdict(row["failed"] == 0) if enough or row["failed"] else "too short a run to say"
    yield Target("failed requests", wanted, measured, verdict)


def _http2(found: Results) -> Iterator[Target]:
    served, switches = sum(found["served"].values()), found["switches"]
    measured = f"{found['failed']} of {served + found['failed']:,} in {switches} switches"
    enough = switches >= 100 and served >= 100_000
    verdict = _verdict(found["failed"] == 0) if enough or found["failed"] else "too short to say"
    yield Target("failed, HTTP/2", "0 of 100,000 or more in 100 switches", measured, verdict)
    anew = sum(found["opened_anew"].values())
    yield _at_most("connections that HTTP/2 clients open anew", 0, anew, "in all")


def _killed(found: Results) -> Iterator[Target]:
    measured = f"{found['failed']} of {found['requests']:,} in {found['kills']} kills"
    verdict = _verdict(found["failed"] == 0)
    yield Target("failed GETs, live container killed, other set warm", "0", measured, verdict)


def _warm_up(found: Results) -> Iterator[Target]:
    ratio = found["with"]["evidence_p99_ms"]["ratio"]["median"]
    yield _at_most("p99 after the cut-over to a warmed app, over before", 1.5, ratio, "times")


def _throughput(found: Results) -> Iterator[Target]:
    for clients, row in found["short"].items():
        yield _at_least(f"throughput over the old, 5 s, {clients} clients", 2.5, row["ratio"])
    for clients, row in found["sustained"].items():
        what = f"throughput over the old, after 30 s, {clients} clients"
        yield _at_least(what, 10.0, row["ratio_after_30_s"])


def _routing(found: Results) -> Iterator[Target]:
    for clients in ("1", "32"):
        rows = {name: row["over_reload"] for name, row in found[clients].items()}
        yield _at_least(f"throughput over that of a reload, {clients} clients", 0.9, rows["fream"])
        for peer in ("HAProxy", "Caddy"):
            ratio = round(rows["fream"] / rows[peer], 2)
            yield _at_least(f"throughput over {peer}'s, {clients} clients", 1.0, ratio)


def _slow(found: Results) -> Iterator[Target]:
    what = f"p99 of ordinary clients beside {found['slow_clients']:,} slow ones, over that without"
    yield _at_most(what, 2, found["ratio"]["median"], "times")
    failed = found["with"]["failed"]
    measured = f"{failed} of {found['with']['requests']:,}"
    yield Target("failed requests of theirs", "0", measured, _verdict(failed == 0))


def _commands(found: Results) -> Iterator[Target]:
    yield _at_most("`fream --help`", 0.25, found["help"]["median"], "s")
    yield _at_most("`fream status`", 0.8, found["status"]["median"], "s")
    yield _at_most("peak memory of `fream switch`", 80, found["switch_peak_mib"], "MiB")


def _at_most(what: str, wanted: float, measured: float, unit: str) -> Target:
    return Target(
        what, f"≤ {wanted:g} {unit}", f"{measured:.2f} {unit}", _verdict(measured <= wanted)
    )


def _at_least(what: str, wanted: float, measured: float) -> Target:
    return Target(what, f"≥ {wanted:g}", f"{measured:g}", _verdict(measured >= wanted))


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


_CHECKS = {
    "switch": _switch,
    "dropped": _dropped,
    "http2": _http2,
    "killed": _killed,
    "warm-up": _warm_up,
    "throughput": _throughput,
    "routing": _routing,
    "slow": _slow,
    "commands": _commands,
}
