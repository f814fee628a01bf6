"""Runs that are cut short, and runs that meet."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.stories.docker import logs
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.waiting import eventually

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
    released: Project, releases: Releases, signum: signal.Signals, code: int
) -> None:
    before = released.picture()
    with booting(released, releases) as process:
        process.send_signal(signum)
        result = released.finish(process)
    assert result.code == code, result
    assert signum.name in result.err
    assert "serves as before" in result.err
    assert released.picture() == before


def test_a_switch_that_was_killed_is_put_right_by_the_next_one(
    released: Project, releases: Releases
) -> None:
    before = released.live()
    with booting(released, releases) as process:
        process.kill()
        process.wait()
    assert released.live() == before
    status = released.succeed("status")
    assert "the idle set has containers" in status.out
    released.switch(releases.push("1.0.1"))
    assert released.version() == "1.0.1"
    assert set(released.running()) == {"mysql", "nginx", released.live_set}
    assert "notice" not in released.succeed("status").out


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
    released: Project, releases: Releases
) -> None:
    new = released.idle_set
    with draining(released, releases) as process:
        process.send_signal(signal.SIGTERM)
        result = released.finish(process)
    assert result.code == 0, result
    assert released.live_set == new
    assert set(released.running()) == {"mysql", "nginx", new}


def test_a_switch_that_was_killed_after_the_cut_over_stays_done(
    released: Project, releases: Releases
) -> None:
    old, new = released.live_set, released.idle_set
    with draining(released, releases) as process:
        process.kill()
        process.communicate()
        assert released.container(old) in released.containers()
        assert released.live_set == new
        released.switch(GOOD)
    assert released.version() == GOOD
    assert released.live_set == old
    assert released.env()["COMPOSE_PROFILES"] == f"infra,{old}"
    assert set(released.running()) == {"mysql", "nginx", old}


def test_an_include_that_nginx_never_took_is_put_right(released: Project) -> None:
    taken = released.include.read_text(encoding="utf-8")
    released.include.write_text(
        taken.replace(released.live_set, released.idle_set), encoding="utf-8"
    )
    assert "disagree" in released.succeed("status").out
    released.switch(GOOD)
    assert released.version() == GOOD
    assert "notice" not in released.succeed("status").out


def test_of_two_switches_at_once_the_second_is_told_who_is_at_work(
    released: Project, releases: Releases
) -> None:
    before = released.picture()
    with booting(released, releases) as first:
        second = released.fream("switch", "--version", GOOD)
        released.succeed("status")
        first.send_signal(signal.SIGTERM)
        released.finish(first)
    assert second.code == 4, second
    assert "switch --version slow" in second.err
    assert re.search(rf"process {first.pid}\b", second.err)
    assert released.picture() == before


def test_a_switch_can_wait_for_the_one_at_work(released: Project, releases: Releases) -> None:
    with booting(released, releases) as first:
        second = released.start("switch", "--version", GOOD, "--wait", "2m")
        first.send_signal(signal.SIGTERM)
        assert released.finish(first).code == 143
        result = released.finish(second)
    assert result.code == 0, result
    assert released.version() == GOOD
    assert set(released.running()) == {"mysql", "nginx", released.live_set}
