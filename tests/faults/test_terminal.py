"""An SSH session that drops: the terminal is gone, and SIGHUP comes."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.faults.site import Site
from tests.faults.steps import DRAIN, HEALTH, Moment, Step
from tests.faults.table import NEW, OLD
from tests.stories.waiting import eventually

pytestmark = pytest.mark.e2e

SECONDS = 120


@pytest.mark.parametrize(
    ("step", "code", "serves"), [(HEALTH, 129, OLD), (DRAIN, 0, NEW)], ids=["health", "drain"]
)
def test_a_terminal_that_goes_away(site: Site, step: Step, code: int, serves: str) -> None:
    here, gone = site.project.folder / "here", site.project.folder / "gone"
    deed = f"trap '' HUP; touch {here}; until [ -e {gone} ]; do sleep 0.05; done; rm {gone} {here}"
    with site.case("SSH session drops", f"before {step.name}") as case:
        terminal, end = pty.openpty()
        command = site.launcher(step, Moment.BEFORE, deed, case.new)
        process = subprocess.Popen(
            ["setsid", "--ctty", *command], env=site.environment, stdin=end, stdout=end, stderr=end
        )
        os.close(end)
        try:
            eventually(here.exists)
            os.close(terminal)
            gone.touch()
            assert process.wait(SECONDS) == code
        finally:
            process.kill()
            process.wait()
        case.exit = str(code)
        site.await_release(case, serves)
