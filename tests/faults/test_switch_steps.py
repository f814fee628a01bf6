"""Every fault at every step of a real switch, under load."""

from __future__ import annotations

import pytest

from tests.faults.site import FULL, Site
from tests.faults.steps import STEPS, Fault, Moment, Step, expected
from tests.faults.table import NEW, OLD, name_of

pytestmark = pytest.mark.e2e

OTHERS = [fault for fault in Fault if fault is not Fault.SIGKILL]


def chosen() -> list[tuple[Step, Fault]]:
    """All; or, in a run that must be short, each step killed and each other fault once."""
    if FULL:
        return [(step, fault) for step in STEPS for fault in Fault]
    spread = zip(STEPS[1 :: len(STEPS) // len(OTHERS)], OTHERS, strict=False)
    return [*((step, Fault.SIGKILL) for step in STEPS), *spread]


@pytest.mark.parametrize(
    ("step", "fault"), chosen(), ids=lambda value: getattr(value, "name", str(value))
)
def test_a_real_switch_that_is_hit_keeps_serving_and_the_next_one_succeeds(
    site: Site, step: Step, fault: Fault
) -> None:
    wanted = expected(fault, Moment.AFTER, step)
    with site.case(name_of(fault), f"after {step.name}") as case:
        result = site.hit(step, Moment.AFTER, fault.name, case.new)
        assert result.code == wanted.code, result
        case.exit = str(result.code if result.code >= 0 else 128 - result.code)
        site.await_release(case, NEW if wanted.new else OLD)
