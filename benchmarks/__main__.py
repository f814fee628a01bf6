"""benchmarks/run: measures, writes results.json, the table in README.md and the plot."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import (
    part_commands,
    part_dropped,
    part_http2,
    part_killed,
    part_routing,
    part_slow,
    part_switch,
    part_throughput,
    part_warm_up,
)
from benchmarks.results import keep, read, render
from benchmarks.shell import run
from benchmarks.stand import Stand
from benchmarks.tools import PARTS, reject_missing

_FOLDER = Path(__file__).parent


def main(folder: Path = _FOLDER) -> int:
    """Run the parts that were asked for; the exit code. folder: where the results are."""
    options = _parser().parse_args()
    parts = options.parts or PARTS
    try:
        read(folder)  # what cannot be read must not be found out after half an hour
        if options.render:
            render(folder)
            return 0
        reject_missing(parts)
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for part in parts:
        print(part, flush=True)
        keep(folder, part, _measured(_measures(options)[part], options.quick))
    return 0


def _measures(options: argparse.Namespace) -> dict[str, Callable[[Stand], dict[str, Any]]]:
    switches = options.switches or (3 if options.quick else 20)
    old = min(switches, options.old_switches)
    return {
        "switch": partial(part_switch.measure, quick=options.quick),
        "dropped": partial(part_dropped.measure, switches=switches, old_switches=old),
        "http2": partial(part_http2.measure, switches=switches),
        "killed": partial(part_killed.measure, quick=options.quick),
        "warm-up": partial(part_warm_up.measure, quick=options.quick),
        "throughput": partial(part_throughput.measure, quick=options.quick),
        "routing": partial(part_routing.measure, quick=options.quick),
        "slow": partial(part_slow.measure, quick=options.quick),
        "commands": partial(part_commands.measure, quick=options.quick),
    }


def _measured(measure: Callable[[Stand], dict[str, Any]], quick: bool) -> dict[str, Any]:
    began = datetime.now(UTC)
    load = os.getloadavg()[0]
    with Stand() as stand:
        found = measure(stand)
    return {
        "taken": began.isoformat(timespec="seconds"),
        "quick": quick,
        "load_before": round(load, 2),
        "machine": _machine(),
        **found,
    }


def _machine() -> dict[str, Any]:
    return {
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "docker": run("docker", "version", "--format", "{{.Server.Version}}").strip(),
        "compose": run("docker", "compose", "version", "--short").strip(),
    }


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {name}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", type=_part, help=f"of {', '.join(PARTS)}; or all"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, a few minutes")
    parser.add_argument("--switches", type=int, help="of the dropped part; 20, or 3 with --quick")
    parser.add_argument(
        "--old-switches", type=int, default=20, help="at most so many with the old script; 20"
    )
    parser.add_argument("--render", action="store_true", help="only the table and the plot again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
