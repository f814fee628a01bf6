"""A new release that dies in a switch, under load: users are served by a good one."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from load import Load, Mix, Report
from tests.faults.deaths import DEADLY, Death, code_after
from tests.faults.site import FULL, Case, Site
from tests.faults.steps import Moment, Step
from tests.faults.table import OLD, Dying
from tests.stories.docker import inspect
from tests.stories.project import Project

pytestmark = pytest.mark.e2e

CROWD = Mix.only(new=8, keepalive=8, post=4)
# A load worth the name on a busy machine of two cores; an idle one does hundreds.
FEWEST_A_SECOND = 50
# A client gives up after so long: a release that hangs must not hold the load as well.
PATIENCE_SECONDS = 5.0
MANY = 5000  # of the site's own load; what may fail is said by `lost_soon`
# The promise is 2 s and a reload; a busy machine of two cores gets more.
LATEST_SECONDS = 20.0
MORE_THAN_A_SWITCH_ASKS = 6000
ENV = {"GUARD": "5s", "HEALTH_CHECK_TIMEOUT": "15s"}

COMMANDS = {
    Death.CRASH: "kill -9 {pid}",
    Death.KILL: "docker kill {container}",
    # Its shared memory counts as its own; the kernel ends the largest process.
    Death.OOM: (
        "docker update --memory 64m --memory-swap 64m {container}; "
        "docker exec {container} dd if=/dev/zero of=/dev/shm/eaten bs=1M count=63 2>&1 || true"
    ),
    Death.HANG: "kill -STOP $(docker top {container} -eo pid | tail -n +2)",
    Death.ERRORS: f"{sys.executable} -m tests.faults.wear {{port}} {MORE_THAN_A_SWITCH_ASKS}",
    Death.REFUSES: (
        "nsenter --net --target {pid} iptables --append INPUT --protocol tcp --dport {inner} "
        "--jump REJECT --reject-with tcp-reset"
    ),
}
INNER = {"set1": 8081, "set2": 8082}


def chosen() -> list[tuple[Death, Step]]:
    """All; or, in a run that must be short, each death and each step at least once."""
    if FULL:
        return [(death, step) for death in Death for step in DEADLY]
    deaths = list(Death)
    return [(deaths[number % len(deaths)], step) for number, step in enumerate(DEADLY)]


class Scene:
    """One death: the load sees when it happened."""

    def __init__(self, project: Project, name: str) -> None:
        self.name = name
        self._project = project
        self._begun, self._done = project.folder / "dying", project.folder / "dead"

    def deed(self, death: Death) -> str:
        """The shell command that brings it about, and says when."""
        name = self._project.idle_set
        container = shlex.quote(self._project.container(name))
        pid = f"$(docker inspect --format '{{{{.State.Pid}}}}' {container})"
        port, inner = self._project.set_ports[name], INNER[name]
        command = COMMANDS[death].format(container=container, pid=pid, port=port, inner=inner)
        return f"touch {self._begun}; {command}; touch {self._done}"

    @contextmanager
    def watched(self) -> Iterator[Load]:
        """A crowd of users, with a mark before the death and one after it."""
        for path in (self._begun, self._done):
            path.unlink(missing_ok=True)
        over = threading.Event()
        with Load(self._project.http_port, CROWD, 600, request_seconds=PATIENCE_SECONDS) as load:
            load.wait_for(8 * FEWEST_A_SECOND)
            watch = threading.Thread(target=self._mark, args=(load, over), daemon=True)
            watch.start()
            try:
                yield load
            finally:
                over.set()
                watch.join()
            load.wait_for(4 * FEWEST_A_SECOND)

    def _mark(self, load: Load, over: threading.Event) -> None:
        for path, name in ((self._begun, "dying"), (self._done, "dead")):
            while not path.exists():
                if over.wait(0.005):
                    return
            load.mark(name)


def seconds_without(report: Report) -> float:
    """From the death to the first good answer after it; 0 where nothing failed."""
    if not report.failed:
        return 0.0
    began = report.phase(report.gap.after).at + report.gap.since_mark
    return max(0.0, began + report.gap.seconds - report.phase("dead").at)


def lost_soon(report: Report) -> bool:
    """Whether only requests that began soon after the death were lost."""
    died = report.phase("dying").at
    marks = {phase.name: phase.at for phase in report.phases}
    begun = [marks[f.after] + f.since_mark - f.seconds for f in report.failures]
    dead = report.phase("dead").at
    return all(died - PATIENCE_SECONDS <= at <= dead + LATEST_SECONDS for at in begun)


def rate_before(report: Report) -> float:
    """Requests a second before the death."""
    start = report.phases[0]
    return sum(latency.count for latency in start.latencies.values()) / start.seconds


def doomed(site: Site, case: Case, death: Death) -> str:
    """The version to switch to."""
    if death is Death.ERRORS:
        return site.releases.push("decays", DB="off", FAIL_FROM=str(MORE_THAN_A_SWITCH_ASKS))
    return case.new


def _id(value: object) -> str:
    return value.name if isinstance(value, Step | Death) else str(value)


@pytest.mark.parametrize(("death", "step"), chosen(), ids=_id)
def test_a_release_that_dies_in_its_switch_leaves_users_served(
    site: Site, death: Death, step: Step
) -> None:
    scene, old = Scene(site.project, death), site.project.live_set
    container = inspect(site.project.container(old))["Id"]
    with site.case(f"new release: {death}", f"after {step.name}", MANY) as case:
        version, served = doomed(site, case, death), site.load.served
        with site.project.changed_env(**ENV), scene.watched() as load:
            result = site.hit(step, Moment.AFTER, scene.deed(death), version)
            assert result.code == code_after(step), result
            case.exit = str(result.code)
            site.await_release(case, OLD)
            assert site.project.live_set == old
            assert set(site.project.running()) == {"mysql", "nginx", old}
            assert inspect(site.project.container(old))["Id"] == container
        report = load.report
        rate = rate_before(report) + (site.load.served - served) / report.seconds
        assert lost_soon(report), "\n".join(report.lines())
        assert result.code == 8 or not report.failed, "\n".join(report.lines())
        assert rate >= FEWEST_A_SECOND
        seconds = seconds_without(report)
        row = Dying(death, step.name, result.code, OLD, rate, seconds, report.failed)
        site.matrix.dying.append(row)
        print(row.line())
