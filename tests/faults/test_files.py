"""Disks that are full or read-only, a clock that jumps, an editor at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.disks import FULL, READ_ONLY, mounts_allowed
from tests.faults.run import CLOCK_JUMPS_BACK
from tests.faults.site import Site, short
from tests.faults.steps import (
    CONFIRM,
    ENV_FILE,
    HEALTH,
    HISTORY,
    INCLUDE,
    NGINX_TEST,
    OBSERVE,
    PULL,
    START,
    Moment,
    Step,
)
from tests.faults.table import NEW, OLD

pytestmark = pytest.mark.e2e

HARM = {"full": FULL, "read-only": READ_ONLY}


@dataclass(frozen=True)
class Trouble:
    """A folder that cannot be written from a step on, and what must come of it."""

    harm: str
    folder: str
    step: Step
    code: int
    serves: str

    def __str__(self) -> str:
        return f"{self.harm} {self.folder} at {self.step.name}"


TROUBLES = [
    Trouble("full", "compose", PULL, 3, OLD),
    Trouble("full", "compose", HEALTH, 0, NEW),
    Trouble("full", "compose", ENV_FILE, 0, NEW),
    Trouble("full", "nginx", PULL, 7, OLD),
    Trouble("full", "nginx", NGINX_TEST, 7, OLD),
    Trouble("full", "nginx", INCLUDE, 3, OLD),
    Trouble("full", "nginx", CONFIRM, 0, NEW),
    Trouble("full", "state", OBSERVE, 0, NEW),
    Trouble("full", "state", HISTORY, 0, NEW),
    Trouble("read-only", "compose", PULL, 3, OLD),
    Trouble("read-only", "compose", ENV_FILE, 0, NEW),
    Trouble("read-only", "nginx", NGINX_TEST, 7, OLD),
    Trouble("read-only", "nginx", INCLUDE, 3, OLD),
    Trouble("read-only", "state", PULL, 0, NEW),
    Trouble("read-only", "state", HISTORY, 0, NEW),
]
needs_mounts = pytest.mark.skipif(not mounts_allowed(), reason="only root may mount small disks")


def place(site: Site, name: str) -> Path:
    """The folder that a trouble names."""
    return {"compose": site.compose, "nginx": site.nginx, "state": site.state}[name]


@needs_mounts
@pytest.mark.parametrize("trouble", short(TROUBLES), ids=str)
def test_a_disk_that_cannot_be_written(site: Site, trouble: Trouble) -> None:
    harm = HARM[trouble.harm](place(site, trouble.folder))
    wrong = f"{trouble.folder} is {trouble.harm}"
    with site.case(wrong, f"before {trouble.step.name}") as case:
        forget_idle_version(site)
        try:
            result = site.hit(trouble.step, Moment.BEFORE, harm.do, case.new)
            assert result.code == trouble.code, result
        finally:
            site.shell(harm.undo)
        case.exit = str(result.code)
        site.await_release(case, trouble.serves)


@needs_mounts
@pytest.mark.parametrize("kind", short(list(HARM)))
@pytest.mark.parametrize("folder", ["compose", "nginx", "state"])
def test_a_disk_that_could_not_be_written_from_the_beginning(
    site: Site, folder: str, kind: str
) -> None:
    harm = HARM[kind](place(site, folder))
    with site.case(f"{folder} is {kind}", "from the beginning") as case:
        forget_idle_version(site)
        try:
            site.shell(harm.do)
            result = site.project.fream("switch", "--version", case.new)
            assert result.code in (0, 3, 7), result
        finally:
            site.shell(harm.undo)
        case.exit = str(result.code)
        site.await_release(case, OLD if result.code else NEW)


def forget_idle_version(site: Site) -> None:
    """Have the switch write `.env`, whatever an earlier case left there."""
    site.project.set_env(**{f"{site.project.idle_set.upper()}_VERSION": "none"})


@pytest.mark.parametrize("step", short([HEALTH, PULL, CONFIRM, START]), ids=lambda step: step.name)
def test_what_a_user_writes_to_env_meanwhile_stays(site: Site, step: Step) -> None:
    env = site.project.env_path
    line = f"# a note of the owner, {step.name}"
    with site.case(".env edited by its owner", f"before {step.name}") as case:
        deed = f"printf '%s\\n' '{line}' >>{env}"
        result = site.hit(step, Moment.BEFORE, deed, case.new)
        assert result.code == 0, result
        case.exit = "0"
        assert env.read_text().count(line) == 1
        site.await_release(case, NEW)
    assert env.read_text().count(line) == 1


def test_what_a_user_writes_to_env_meanwhile_stays_when_the_release_is_undone(site: Site) -> None:
    env = site.project.env_path
    line = "# a note of the owner, undone"
    deed = f"printf '%s\\n' '{line}' >>{env}; kill -TERM $PPID"
    with site.case(".env edited by its owner, then SIGTERM", f"before {HEALTH.name}") as case:
        result = site.hit(HEALTH, Moment.BEFORE, deed, case.new)
        assert result.code == 143, result
        case.exit = "143"
        site.await_release(case, OLD)
    assert env.read_text().count(line) == 1


@pytest.mark.parametrize(
    "step", short([HEALTH, OBSERVE, CONFIRM, HISTORY]), ids=lambda step: step.name
)
def test_a_clock_that_is_set_back(site: Site, step: Step) -> None:
    with site.case(CLOCK_JUMPS_BACK, f"before {step.name}") as case:
        result = site.hit(step, Moment.BEFORE, CLOCK_JUMPS_BACK, case.new)
        assert result.code == 0, result
        case.exit = "0"
        site.await_release(case, NEW)
