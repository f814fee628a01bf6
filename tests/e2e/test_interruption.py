"""Runs that are cut short, and runs that meet."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.docker import logs
from tests.e2e.project import Project
from tests.e2e.releases import GOOD, Releases
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.usefixtures("visitors")


@contextmanager
def booting(project: Project, releases: Releases) -> Iterator[subprocess.Popen[str]]:
    """A switch that waits for a release which takes half a minute to boot."""
    version = releases.push("slow", BOOT_SECONDS="30")
    started = project.container(project.idle_set)
    process = project.start("switch", "--version", version)
    try:
        # Not before: as the container's first process it would not notice a SIGTERM.
        eventually(lambda: "booting for" in logs(started))
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
def test_an_interrupted_switch_undoes_what_it_did(
    live: Project, releases: Releases, signum: signal.Signals, code: int
) -> None:
    before = live.picture()
    with booting(live, releases) as process:
        process.send_signal(signum)
        result = live.finish(process)
    assert result.code == code, result
    assert signum.name in result.err
    assert "serves as before" in result.err
    assert live.picture() == before


def test_a_switch_that_was_killed_is_put_right_by_the_next_one(
    live: Project, releases: Releases
) -> None:
    before = live.live()
    with booting(live, releases) as process:
        process.kill()
        process.wait()
    assert live.live() == before
    status = live.succeed("status")
    assert "the idle set has containers" in status.out
    live.switch(releases.push("1.0.1"))
    assert live.version() == "1.0.1"
    assert set(live.running()) == {"mysql", "nginx", live.live_set}
    assert "notice" not in live.succeed("status").out


@contextmanager
def draining(project: Project, releases: Releases) -> Iterator[subprocess.Popen[str]]:
    """A switch after its cut-over, while a user of the old set waits for an answer.

    That user gets it, whatever becomes of the switch.
    """
    new = project.idle_set
    answers: list[int] = []

    def wait_for_a_slow_answer() -> None:
        answers.append(project.get("/slow", seconds="6").status_code)

    slow = threading.Thread(target=wait_for_a_slow_answer)
    process = project.start("switch", "--version", releases.push("1.0.1"))
    try:
        eventually(lambda: project.container(new) in project.containers())
        slow.start()
        eventually(lambda: project.live_set == new)
        yield process
    finally:
        process.kill()
        process.communicate()
        slow.join()
    assert answers == [200]


def test_a_switch_that_is_interrupted_after_the_cut_over_finishes(
    live: Project, releases: Releases
) -> None:
    new = live.idle_set
    with draining(live, releases) as process:
        process.send_signal(signal.SIGTERM)
        result = live.finish(process)
    assert result.code == 0, result
    assert live.live_set == new
    assert set(live.running()) == {"mysql", "nginx", new}


def test_a_switch_that_was_killed_after_the_cut_over_stays_done(
    live: Project, releases: Releases
) -> None:
    old, new = live.live_set, live.idle_set
    with draining(live, releases) as process:
        process.kill()
        process.communicate()
        assert live.container(old) in live.containers()
        assert live.live_set == new
        live.switch(GOOD)
    assert live.version() == GOOD
    assert live.live_set == old
    assert live.env()["COMPOSE_PROFILES"] == f"infra,{old}"
    assert set(live.running()) == {"mysql", "nginx", old}


def test_an_include_that_nginx_never_took_is_put_right(live: Project) -> None:
    taken = live.include.read_text(encoding="utf-8")
    live.include.write_text(taken.replace(live.live_set, live.idle_set), encoding="utf-8")
    assert "disagree" in live.succeed("status").out
    live.switch(GOOD)
    assert live.version() == GOOD
    assert "notice" not in live.succeed("status").out


def test_of_two_switches_at_once_the_second_is_told_who_is_at_work(
    live: Project, releases: Releases
) -> None:
    before = live.picture()
    with booting(live, releases) as first:
        second = live.fream("switch", "--version", GOOD)
        live.succeed("status")
        first.send_signal(signal.SIGTERM)
        live.finish(first)
    assert second.code == 4, second
    assert "switch --version slow" in second.err
    assert re.search(rf"process {first.pid}\b", second.err)
    assert live.picture() == before


def test_a_switch_can_wait_for_the_one_at_work(live: Project, releases: Releases) -> None:
    with booting(live, releases) as first:
        second = live.start("switch", "--version", GOOD, "--wait", "2m")
        first.send_signal(signal.SIGTERM)
        assert live.finish(first).code == 143
        result = live.finish(second)
    assert result.code == 0, result
    assert live.version() == GOOD
    assert set(live.running()) == {"mysql", "nginx", live.live_set}
