"""`fream`, hit at one step: python -m tests.faults.run DEED MOMENT STEP ARGUMENTS…

DEED is the name of a fault, or a shell command to run meanwhile.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

from fream_compose.cli.app import main
from fream_compose.errors import EngineError
from fream_compose.operations import recovery, switch
from tests.faults.steps import STEPS, Fault, Moment
from tests.faults.trap import Trap

CLOCK_JUMPS_BACK = "the clock jumps back"
JUMP = timedelta(days=30)
NEVER_REACHED = 99


class EarlierClock(datetime):
    """The wall clock after it was set back."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz or UTC) - JUMP


def fail() -> None:
    """An error of Docker, such as any call to it can end with."""
    raise EngineError("The matrix made this fail", "on purpose")


def break_down() -> None:
    """An exception that nobody foresaw."""
    raise RuntimeError("the matrix broke this")


def set_clock_back() -> None:
    """From here on the run reads an earlier time."""
    for module in (switch, recovery):
        vars(module)["datetime"] = EarlierClock


def deed(text: str) -> Callable[[], object]:
    """What a word of the command line does to this process, or to what is around it."""
    if text == CLOCK_JUMPS_BACK:
        return set_clock_back
    if text not in Fault.__members__:
        return partial(subprocess.run, ["sh", "-c", text], check=True, stdout=subprocess.DEVNULL)
    return spring(Fault[text])


def spring(fault: Fault) -> Callable[[], None]:
    """What a fault does to this process."""
    if fault is Fault.ERROR:
        return fail
    if fault is Fault.EXCEPTION:
        return break_down
    return partial(os.kill, os.getpid(), fault.value)


def run(act: str, moment: Moment, name: str) -> None:
    """Run fream, hit by a deed before or after a step; exit code 99 when it never got there."""
    step = next(step for step in STEPS if step.name == name)
    trap = Trap(step, moment, deed(act))
    try:
        with trap.set():
            main()
    finally:
        if not trap.sprung:
            print(f"the step {name!r} was never reached", file=sys.stderr, flush=True)
            os._exit(NEVER_REACHED)


def heed_signals() -> None:
    """As in a shell of its own, even where the tests run in the background or under nohup."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


if __name__ == "__main__":
    heed_signals()
    (_, what, when, where), sys.argv[1:] = sys.argv[:4], sys.argv[4:]
    run(what, Moment(when), where)
