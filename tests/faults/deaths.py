"""How a new release dies in a switch, and what must come of it. Pure."""

from __future__ import annotations

from enum import StrEnum

from tests.faults.steps import HEALTH, LOOK_AGAIN, RETIRE, STEPS, Step


class Death(StrEnum):
    """What becomes of the new release."""

    CRASH = "crashes"
    KILL = "docker kill"
    OOM = "OOM kill"
    HANG = "hangs (SIGSTOP)"
    ERRORS = "500 from the nth request on"
    REFUSES = "refuses connections"


# It dies right after one of these: from its health check to the removal of the old set.
DEADLY = STEPS[STEPS.index(HEALTH) : STEPS.index(RETIRE)]


def code_after(step: Step) -> int:
    """The exit code of a switch whose new release dies after a step.

    What died before the last look is not cut over to (6). After it, the old set takes over
    again (8): it is there, even when it was stopped already.
    """
    return 6 if STEPS.index(step) < STEPS.index(LOOK_AGAIN) else 8
