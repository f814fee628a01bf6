"""The steps of a switch, what can happen at each, and what must come of it. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum, StrEnum


class Moment(StrEnum):
    """On which side of a step something happens."""

    BEFORE = "before"
    AFTER = "after"


class Fault(Enum):
    """What happens to the run itself."""

    ERROR = "error"
    EXCEPTION = "exception"
    SIGINT = signal.SIGINT
    SIGTERM = signal.SIGTERM
    SIGHUP = signal.SIGHUP
    SIGKILL = signal.SIGKILL

    @property
    def is_signal(self) -> bool:
        """Whether it is a signal that fream can heed."""
        return isinstance(self.value, signal.Signals) and self is not Fault.SIGKILL


@dataclass(frozen=True)
class Step:
    """A call that every switch makes once it gets there: `owner` names it for the trap.

    inside: a call of the proxy within which this one counts. skip: the calls before the one meant.
    """

    name: str
    owner: str
    call: str
    inside: str = ""
    skip: int = 0


OBSERVE = Step("observe", "recovery", "take_snapshot")
PULL = Step("pull", "images", "fetch")
START = Step("start", "compose", "start")
HEALTH = Step("health", "checks", "own_port")
THROUGH_NGINX = Step("through nginx", "checks", "through_nginx")
WARM_UP = Step("warm-up", "checks", "warm_up")
NGINX_TEST = Step("nginx -t", "proxy", "test")
LOOK_AGAIN = Step("look again", "checks", "again")
INCLUDE = Step("link renamed", "include", "put", inside="serve")
CONFIRM = Step("confirm", "proxy", "_comes_true", inside="serve")
ENV_FILE = Step(".env recorded", "switch", "record")
DRAIN = Step("drain", "proxy", "drain")
GUARD = Step("guard", "guard", "finish")
STOP = Step("stop the old set", "compose", "stop")
RETIRE = Step("retire", "compose", "remove")
# The third line of four: as it begins, with its images, right after the cut-over, at its end.
HISTORY = Step("history", "history", "add", skip=2)

STEPS = (
    *(OBSERVE, PULL, START, HEALTH, THROUGH_NGINX, WARM_UP, NGINX_TEST, LOOK_AGAIN),
    *(INCLUDE, CONFIRM, ENV_FILE, HISTORY, DRAIN, GUARD, STOP, RETIRE),
)


@dataclass(frozen=True)
class Expected:
    """The exit code of the run that was hit, and whether the new release serves after it."""

    code: int
    new: bool


def expected(fault: Fault, moment: Moment, step: Step) -> Expected:
    """What the promise says: before the cut-over all is undone, after it the rest is done."""
    if fault is Fault.SIGKILL:
        return Expected(-signal.SIGKILL, _beyond(INCLUDE, moment, step))
    if fault.is_signal:
        # The cut-over is a matter of moments and is not broken off.
        forward = STEPS.index(step) >= STEPS.index(INCLUDE)
        return Expected(0 if forward else 128 + fault.value, forward)
    done = STEPS.index(step) > STEPS.index(CONFIRM)
    if fault is Fault.ERROR:
        return Expected(0 if done else 5, done)
    return Expected(1, done)


def _beyond(step: Step, moment: Moment, hit: Step) -> bool:
    here, there = STEPS.index(step), STEPS.index(hit)
    return there > here or (there == here and moment is Moment.AFTER)
