"""The tables of README.md, between its markers."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.targets import targets

_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"
Results = Mapping[str, Any]


def table(text: str, results: Results) -> str:
    """The text, with what is between the markers replaced."""
    head, _, rest = text.partition(_BEGIN)
    tail = rest.partition(_END)[2]
    block = "\n".join(["", *_blocks(results), ""])
    return f"{head}{_BEGIN}{block}{_END}{tail}"


def _blocks(results: Results) -> Iterator[str]:
    yield from _taken(results)
    yield from _targets(results)
    for part, block in _PARTS.items():
        if part in results:
            yield from ["", *block(results[part])]


def _taken(results: Results) -> Iterator[str]:
    for part, found in results.items():
        machine = found["machine"]
        quick = ", a quick run" if found["quick"] else ""
        yield (
            f"- {part}: taken {found['taken']} on {machine['processors']} processors, "
            f"Docker {machine['docker']}, Compose {machine['compose']}, Python "
            f"{machine['python']}; load average before {found['load_before']}{quick}"
        )


def _targets(results: Results) -> Iterator[str]:
    yield from ["", "| target | wanted | measured | |", "|---|---|---|---|"]
    for target in targets(results):
        yield f"| {target.what} | {target.wanted} | {target.measured} | {target.verdict} |"


def _switch(found: Results) -> Iterator[str]:
    yield from _heading("Seconds of one switch, app ready at once", "", "median", "least", "most")
    fream, limit, old = found["fream"], found["limit"], found["old"]
    rows = {
        "fream: Enter to confirmed cut-over": fream["confirmed"],
        "fream: Enter to first answer of the new release": fream["first_answer"],
        "fream: Enter to return, old release drained and removed": fream["returned"],
        "fream: the same with idle keep-alive clients, without guard": fream[
            "returned_without_guard"
        ],
        "the engine's limit: first call to first answer": limit["total"],
        "the old script: Enter to first answer": old["first_answer"],
        "the old script: Enter to return": old["returned"],
    }
    for title, row in rows.items():
        yield f"| {title} | {row['median']:.2f} | {row['min']:.2f} | {row['max']:.2f} |"
    yield ""
    yield from _heading("Where fream's time goes", "before the cut-over", "ms", "calls")
    yield from _where(found["where_the_time_goes"]["before"])
    yield ""
    yield from ["| after the cut-over | ms | calls |", "|---|---|---|"]
    yield from _where(found["where_the_time_goes"]["after"])


def _where(rows: list[Results]) -> Iterator[str]:
    for row in rows:
        yield f"| {row['what']} | {row['seconds'] * 1000:.0f} | {row['calls']:g} |"


def _dropped(found: Results) -> Iterator[str]:
    columns = ("", "switches", "requests", "failed", "per switch", "by client", "by kind")
    yield from _heading("Failed requests while releases are switched", *columns)
    for name in ("fream", "old"):
        row = found[name]
        clients, kinds = _counts(row["by_client"]), _counts(row["by_kind"])
        yield (
            f"| {name} | {row['switches']} | {row['requests']:,} | {row['failed']:,} | "
            f"{row['failed_per_switch']} | {clients} | {kinds} |"
        )
    yield ""
    yield from _around(found)


def _http2(found: Results) -> Iterator[str]:
    title = f"HTTP/2 clients over {found['switches']} switches"
    yield from _heading(title, "client", "requests served", "connections opened anew")
    for name, served in found["served"].items():
        yield f"| {name} | {served:,} | {found['opened_anew'][name]} |"
    yield ""
    yield f"Failed: {found['failed']} ({_counts(found['by_kind'])})."


def _killed(found: Results) -> Iterator[str]:
    columns = ("kills", "requests", "failed", "longest gap without an answer, ms")
    yield from _heading("The live container is killed while the other set is warm", *columns)
    gap = found["longest_gap"] * 1000
    kinds = _counts(found["by_kind"])
    yield f"| {found['kills']} | {found['requests']:,} | {found['failed']} ({kinds}) | {gap:.0f} |"


def _around(found: Results) -> Iterator[str]:
    columns = ("", "before", "during", "after", "longest gap without an answer")
    yield from _heading("Latency around a switch, p50 / p99 in ms", *columns)
    for name in ("fream", "old"):
        phases = (f"{row['p50']} / {row['p99']}" for row in found[name]["latency_ms"].values())
        yield f"| {name} | {' | '.join(phases)} | {found[name]['longest_gap'] * 1000:.0f} |"


def _warm_up(found: Results) -> Iterator[str]:
    columns = ("", "seen by", "before", "after", "ratio: median", "least", "most")
    title = f"p99 in ms of an app whose first {found['slow_first']} requests are slow"
    yield from _heading(title, *columns)
    for side in ("with", "without"):
        for seen_by, key in (("fream", "evidence_p99_ms"), ("clients", "clients_p99_ms")):
            row = found[side][key]
            ratio = row["ratio"]
            yield (
                f"| {side} warm-up | {seen_by} | {row['before']['median']:.1f} | "
                f"{row['after']['median']:.1f} | {ratio['median']:.1f} | {ratio['min']:.1f} | "
                f"{ratio['max']:.1f} |"
            )


def _throughput(found: Results) -> Iterator[str]:
    yield from _heading(
        "Good answers a second through nginx", "run", "clients", "fream", "old", "ratio"
    )
    for clients, row in found["short"].items():
        new, old = row["fream"]["median"], row["old"]["median"]
        yield f"| 5 s | {clients} | {new:,.0f} | {old:,.0f} | {row['ratio']} |"
    for clients, row in found["sustained"].items():
        first = {name: row[name]["first_30_s"]["per_second"] for name in ("fream", "old")}
        after = {name: row[name]["after_30_s"]["per_second"] for name in ("fream", "old")}
        ratio = round(first["fream"] / max(first["old"], 0.1), 1)
        yield f"| first 30 s | {clients} | {first['fream']:,.0f} | {first['old']:,.0f} | {ratio} |"
        ratio = row["ratio_after_30_s"]
        yield f"| 10 s after | {clients} | {after['fream']:,.0f} | {after['old']:,.0f} | {ratio} |"


def _routing(found: Results) -> Iterator[str]:
    columns = ("clients", "proxy", "answers a second", "over the reload's", "µs of processor each")
    yield from _heading("How the set is chosen", *columns)
    for clients in ("1", "32"):
        for name, row in found[clients].items():
            yield (
                f"| {clients} | {name} | {row['per_second']['median']:,.0f} | "
                f"{row['over_reload']} | {row['processor_us']} |"
            )


def _slow(found: Results) -> Iterator[str]:
    title = f"p99 in ms of ordinary clients beside {found['slow_clients']:,} slow ones"
    yield from _heading(title, "client", "without", "least", "most", "with", "least", "most")
    for client, alone in found["without"]["p99_ms"].items():
        sides = (alone, found["with"]["p99_ms"][client])
        cells = (f"{row[name]:.1f}" for row in sides for name in ("median", "min", "max"))
        yield f"| {client} | {' | '.join(cells)} |"
    both, ratio = (found["without"], found["with"]), found["ratio"]
    failed, requests = (sum(side[name] for side in both) for name in ("failed", "requests"))
    yield ""
    yield (
        f"With over without, the worst client of each round: {ratio['median']:.1f} times in the "
        f"median, {ratio['min']:.1f} to {ratio['max']:.1f}."
    )
    yield (
        f"Failed: {failed} of {requests:,} requests. Slow clients that could not connect: "
        f"{found['refused']}; still connected at the end: at least {found['held']:,}."
    )


def _commands(found: Results) -> Iterator[str]:
    yield from _heading("Commands", "", "median", "least", "most")
    for name, command in (("help", "fream --help"), ("status", "fream status")):
        row = found[name]
        yield f"| seconds of `{command}` | {row['median']} | {row['min']} | {row['max']} |"
    yield f"| MiB of `fream switch` itself at its peak | {found['switch_peak_mib']} | | |"
    yield f"| MiB of the largest process it starts | {found['largest_process_mib']} | | |"


def _heading(title: str, *columns: str) -> list[str]:
    return [f"### {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


_PARTS = {
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
