"""`python -m load --port 18080 --seconds 20`: load from the command line.

`--port 443 --https shop.example.com --ca root.pem` asks for that name over TLS, still on
this machine, and counts a certificate that is not good as a failure.

Prints the report when the time is over or on SIGINT or SIGTERM; SIGUSR1 sets a mark.
Exits 1 when anything failed or nothing was served, 2 when the arguments are wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from load.mix import Mix
from load.runner import Load
from load.tls import Https

UNTIL_SIGNAL_SECONDS = 3600.0
DEFAULT_SECONDS = 20.0


class Signals:
    """Remembers what was signalled, for the main loop to act on, while its block runs."""

    def __init__(self) -> None:
        self.stop = False
        self.marks = 0

    def __enter__(self) -> Signals:
        stops = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._stop) for number in stops}
        self._before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._mark)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True

    def _mark(self, _number: int, _frame: FrameType | None) -> None:
        self.marks += 1


def main(arguments: list[str] | None = None) -> int:
    """Run the load; the exit code."""
    options, load = _parse(arguments)
    with Signals() as signals, load:
        _announce(options.port)
        _watch(load, signals)
    report = load.report
    print(report.to_json() if options.json else "\n".join(report.lines()), flush=True)
    return 0 if report.ok else 1


def _announce(port: int) -> None:
    print(f"load on port {port} is running; SIGINT or SIGTERM ends it", file=sys.stderr, flush=True)


def _watch(load: Load, signals: Signals) -> None:
    marked = 0
    while load.running and not signals.stop:
        while marked < signals.marks:
            marked += 1
            load.mark(f"mark {marked}")
        time.sleep(0.02)


def _parse(arguments: list[str] | None) -> tuple[argparse.Namespace, Load]:
    parser = _parser()
    options = parser.parse_args(arguments)
    default = UNTIL_SIGNAL_SECONDS if options.until_signal else DEFAULT_SECONDS
    seconds = default if options.seconds is None else options.seconds
    try:
        mix = Mix.parse(options.mix) if options.mix else Mix()
        return options, _load(options, mix, seconds)
    except (ValueError, OSError) as error:
        parser.error(str(error))


def _load(options: argparse.Namespace, mix: Mix, seconds: float) -> Load:
    https = Https(options.https, options.ca) if options.https else None
    return Load(
        options.port, mix, seconds, host=options.host, distance=options.distance, https=https
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--seconds", type=float, help=f"default {DEFAULT_SECONDS:.0f}")
    parser.add_argument(
        "--distance",
        type=float,
        default=0.0,
        help="seconds a request on an open connection is under way, as over a network",
    )
    parser.add_argument("--https", metavar="NAME", help="the host to ask for over TLS")
    parser.add_argument("--ca", type=Path, help="roots in PEM; default: the system's")
    parser.add_argument("--mix", help="new=4,keepalive=6,…; kinds not named get no client")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--until-signal",
        action="store_true",
        help=f"until SIGINT or SIGTERM, at most --seconds (default {UNTIL_SIGNAL_SECONDS:.0f})",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
