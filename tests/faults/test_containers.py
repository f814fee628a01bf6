"""Containers that end in the middle of a switch, and an nginx that hangs."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.faults.site import Site, short
from tests.faults.steps import (
    CONFIRM,
    HEALTH,
    INCLUDE,
    NGINX_TEST,
    PULL,
    THROUGH_NGINX,
    Moment,
    Step,
)
from tests.faults.table import NEW, OLD
from tests.stories.docker import docker, inspect
from tests.stories.waiting import eventually

pytestmark = pytest.mark.e2e

NOBODY = "nobody"
MANY = 1000  # a loss that is stated, not promised: nobody can serve while nginx is away


@dataclass(frozen=True)
class Trouble:
    """What is done to a container at a step, and what must come of it.

    deed: a shell command; {idle}, {live} and {nginx} are the names of containers.
    code: how the run must end.
    serves: if not what the code says. loses: how many requests may fail, because what
    serves them was hit.
    """

    fault: str
    deed: str
    step: Step
    code: int
    serves: str = ""
    loses: int = 0

    def command(self, site: Site) -> str:
        """The deed, with the names of the project's containers."""
        project = site.project
        sets = {"idle": project.idle_set, "live": project.live_set, "nginx": "nginx"}
        names = {role: project.container(service) for role, service in sets.items()}
        return self.deed.format(**names)


def crash(role: str) -> str:
    """End a container's first process, as the kernel's OOM killer does."""
    return f"kill -9 $(docker inspect --format '{{{{{{{{.State.Pid}}}}}}}}' {{{role}}})"


TROUBLES = [
    Trouble("idle container killed", "docker kill {idle}", HEALTH, 6),
    Trouble("idle container removed", "docker rm --force {idle}", HEALTH, 5),
    Trouble("live container killed", "docker kill {live}", HEALTH, 0, loses=MANY),
    Trouble("live container removed", "docker rm --force {live}", PULL, 0, loses=MANY),
    Trouble("idle app crashes", crash("idle"), HEALTH, 6),
    Trouble("live app crashes", crash("live"), PULL, 0, loses=MANY),
    Trouble("nginx killed", "docker kill {nginx}", INCLUDE, 9, NOBODY, MANY),
    Trouble("nginx killed", "docker kill {nginx}", NGINX_TEST, 7, NOBODY, MANY),
    Trouble("nginx crashes", crash("nginx"), PULL, 0, loses=MANY),
    Trouble("nginx restarted", "docker restart {nginx}", PULL, 0, loses=MANY),
    Trouble("nginx restarted", "docker restart {nginx}", CONFIRM, 0, loses=MANY),
    Trouble("idle container killed", "docker kill {idle}", THROUGH_NGINX, 6),
]


@pytest.mark.parametrize("trouble", short(TROUBLES), ids=lambda t: f"{t.fault} at {t.step.name}")
def test_a_container_that_ends_in_a_switch(site: Site, trouble: Trouble) -> None:
    with site.case(trouble.fault, f"before {trouble.step.name}", trouble.loses) as case:
        result = site.hit(trouble.step, Moment.BEFORE, trouble.command(site), case.new)
        case.exit = str(result.code)
        assert result.code == trouble.code, result
        case.serves = trouble.serves
        if not trouble.serves:
            site.await_release(case, OLD if result.code else NEW)


def processes(site: Site) -> list[int]:
    """nginx's processes, as this server knows them."""
    return [int(pid) for pid in re.findall(r"^\d+", _top(site), re.MULTILINE)]


def _top(site: Site) -> str:
    return docker("top", site.project.container("nginx"), "-eo", "pid,args")


def stop_processes(site: Site) -> None:
    """nginx hangs: it runs, and takes connections, and never answers."""
    subprocess.run(["kill", "-STOP", *map(str, processes(site))], check=True)


@pytest.mark.parametrize("command", short(["recover", "switch"]))
def test_an_nginx_that_hangs_is_restarted(site: Site, command: str) -> None:
    with site.case("nginx hangs (SIGSTOP)", f"fream {command}", MANY) as case:
        stop_processes(site)
        assert "nginx runs but does not answer" in site.notices()
        if command == "recover":
            case.exit = str(site.project.succeed("recover").code)
            site.await_release(case, OLD)
        else:
            case.exit = str(site.project.switch(case.new).code)
            site.await_release(case, NEW)


@pytest.mark.full_matrix
def test_an_nginx_that_hangs_at_the_cut_over_is_put_right_by_the_next_switch(site: Site) -> None:
    nginx = site.project.container("nginx")
    hang = f"kill -STOP $(docker top {nginx} -eo pid | tail -n +2)"
    with site.case("nginx hangs (SIGSTOP)", f"before {CONFIRM.name}", MANY) as case:
        result = site.hit(CONFIRM, Moment.BEFORE, hang, case.new)
        assert result.code == 9, result
        assert "fream recover" in result.err
        case.exit, case.serves = "9", NOBODY


def test_a_second_switch_at_once_is_refused_and_harms_nothing(site: Site) -> None:
    folder = site.project.folder
    second = f"{sys.executable} -m fream_compose -C {folder} switch --version {site.other_version}"
    deed = f"{second} >{folder}/second 2>&1; echo $? >{folder}/code"
    with site.case("two switches at once", f"before {HEALTH.name}") as case:
        result = site.hit(HEALTH, Moment.BEFORE, deed, case.new)
        assert result.code == 0, result
        assert (folder / "code").read_text() == "4\n"
        assert "Another run is at work" in (folder / "second").read_text()
        case.exit = "0; the second 4"
        site.await_release(case, NEW)


@pytest.mark.parametrize("first", short(["INT", "HUP"]))
def test_two_signals_leave_now_and_the_next_switch_mends(site: Site, first: str) -> None:
    deed = f"kill -{first} $PPID; kill -TERM $PPID"
    with site.case(f"SIG{first}, then SIGTERM", f"before {HEALTH.name}") as case:
        result = site.hit(HEALTH, Moment.BEFORE, deed, case.new)
        assert result.code in (129, 130, 143), result
        assert "to put it right: fream recover" in result.text
        case.exit = str(result.code)
        site.await_release(case, OLD)


def test_mysql_that_is_down_costs_the_new_release_only(site: Site) -> None:
    project, mysql = site.project, site.project.container("mysql")
    needs_mysql = site.releases.push("3.0.0")
    with site.case("MySQL down", "a release that needs it") as case:
        docker("stop", mysql)
        with project.changed_env(HEALTH_CHECK_TIMEOUT="4s"):
            result = project.fream("switch", "--version", needs_mysql)
        assert result.code == 6, result
        case.exit = "6"
        site.await_release(case, OLD)
        project.succeed("up", "infra")
    assert inspect(mysql)["State"]["Running"]


def test_a_reload_of_a_stopped_nginx_is_not_a_reason_to_lose_the_old_release(site: Site) -> None:
    """`docker kill` is a stop by hand: Docker does not start nginx again, fream does."""
    nginx = site.project.container("nginx")
    with site.case("nginx killed", "between two switches", MANY) as case:
        docker("kill", nginx)
        assert "nginx is not running" in site.notices()
        case.exit, case.serves = "", NOBODY
        site.project.succeed("recover")
        eventually(lambda: site.serves(case) == OLD)
