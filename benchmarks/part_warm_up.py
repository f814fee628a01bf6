"""What the first users of a cold app see, with and without fream's warm-up."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks import fream, images
from benchmarks.latency import CLIENT
from benchmarks.shell import VENV
from benchmarks.spread import summary
from benchmarks.stand import IMAGE, PORT, Stand
from load import Load, Mix, Report
from load.mix import Pace

# Quick requests only: one that takes seconds by itself would be the p99 before and after.
_MIX = Mix(slow=0, stream=0, websocket=0)
# The drain, and with it what counts as after, ends when each idle client has asked once more.
_PACE = Pace(idle=4.0)
# As many lines of the log as fream compares with; none may be of the release before's cold start.
_SETTLED, _BEFORE = 5_000, 1_000
_COLD, _WARM = "paths: []", "paths: [/products, /version]"
_MAX_SECONDS = 1800.0
Row = dict[str, Any]


def measure(stand: Stand, quick: bool) -> dict[str, Any]:
    """Switches with the warm-up and without, in turn, under one load."""
    images.build_cold(IMAGE)
    first, *_ = images.COLD
    fream.call([VENV / "fream", "-C", stand.compose, "switch", "--version", first])
    rows: list[Row] = []
    versions = cycle(reversed(images.COLD))
    with Load(PORT, _MIX, _MAX_SECONDS, pace=_PACE) as load:
        for number in range(2 if quick else 10):
            side = "without" if number % 2 else "with"
            _set_up(stand.compose / "compose.yaml", side)
            rows.append(_switch(stand, load, number, next(versions)) | {"side": side})
            _tell(rows[-1])
    return {
        "slow_first": images.SLOW_FIRST,
        "requests": load.report.served + load.report.failed,
        "failed": load.report.failed,
        **{side: _summed(rows, load.report, side) for side in ("with", "without")},
    }


def _set_up(file: Path, side: str) -> None:
    text = file.read_text(encoding="utf-8").replace(_WARM, _COLD)
    assert text.count(_COLD) == 1, f"{file} has no {_COLD}"
    file.write_text(text if side == "without" else text.replace(_COLD, _WARM), encoding="utf-8")


def _switch(stand: Stand, load: Load, number: int, version: str) -> Row:
    """One switch; its evidence, as fream tells it."""
    load.wait_for(_SETTLED - _BEFORE, timeout=120)
    load.mark(f"before {number}")
    load.wait_for(_BEFORE)
    load.mark(f"during {number}")
    result = fream.told_switch(stand.compose, version, lambda: load.mark(f"after {number}"))
    load.mark(f"returned {number}")
    return {"number": number, "seconds": result["seconds"], **result["evidence"]}


def _tell(row: Row) -> None:
    before, after = row["before"], row["after"]
    print(
        f"  {row['side']} warm-up: p99 {before['p99_ms']} ms before, {after['p99_ms']} ms in the "
        f"{after['requests']} requests after, {row['failed']} failed",
        flush=True,
    )


def _summed(rows: Sequence[Row], report: Report, side: str) -> dict[str, Any]:
    mine = [row for row in rows if row["side"] == side]
    phases = {
        name: [report.phase(f"{name} {row['number']}").latencies[CLIENT].p99 * 1000 for row in mine]
        for name in ("before", "after")
    }
    evidence = {name: [row[name]["p99_ms"] for row in mine] for name in ("before", "after")}
    return {
        "switch_seconds": summary([row["seconds"] for row in mine]),
        "requests_after": summary([row["after"]["requests"] for row in mine]),
        "evidence_p99_ms": _compared(evidence),
        "clients_p99_ms": _compared(phases),
    }


def _compared(p99: dict[str, list[float]]) -> dict[str, Any]:
    # nginx's log counts whole milliseconds, from zero.
    pairs = zip(p99["before"], p99["after"], strict=True)
    ratios = [after / max(before, 1.0) for before, after in pairs]
    return {name: summary(values) for name, values in (p99 | {"ratio": ratios}).items()}
