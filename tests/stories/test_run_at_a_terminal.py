"""A release as an operator sees it at a terminal: alive in one line, and nothing left behind."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.stories.project import Project
from tests.stories.releases import Releases
from tests.stories.terminal import Terminal, terminal
from tests.stories.visitors import at_work
from tests.stories.waiting import eventually

LOCALE = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "NO_COLOR": ""}
HEALTH = "] Check the"


@contextmanager
def at(
    project: Project, *arguments: str, columns: int = 80, **environment: str
) -> Iterator[Terminal]:
    """A terminal at which fream was typed."""
    command = [sys.executable, "-m", "fream_compose", "-C", str(project.folder), *arguments]
    with terminal(command, columns, 30, project.folder, **{**LOCALE, **environment}) as found:
        yield found


def lines(screen: Terminal, words: str) -> list[str]:
    """What the screen shows below the command that was typed, as far as it has these words."""
    return [line for line in screen.look().splitlines() if words in line and "python" not in line]


def prompt_is_back(screen: Terminal) -> bool:
    return screen.look().rstrip().splitlines()[-1] == "$"


def assert_alive_in_one_line(screen: Terminal) -> None:
    """As it is a moment after the terminal has got another width, and goes on to be."""

    def is_one() -> bool:
        found = lines(screen, "s of")
        return len(found) == 1 and HEALTH in found[0] and "s of 540 s" in found[0]

    try:
        eventually(is_one)
        now = lines(screen, HEALTH)
        eventually(lambda: is_one() and lines(screen, HEALTH) != now)
    except AssertionError as error:
        raise AssertionError(f"not one line:\n{screen.look()}") from error


def test_a_slow_release_is_alive_in_one_line_and_another_run_waits_for_it(
    released: Project, releases: Releases
) -> None:
    version = releases.push("slow", BOOT_SECONDS="600")
    with (
        released.changed_env(HEALTH_CHECK_TIMEOUT="9m"),
        at(released, "switch", version) as screen,
    ):
        screen.shows("s of 540 s  ", 120)
        alive = re.compile(r"^. \[\d+/\d+\] Check the health of set[12] +\d+ s of 540 s +\S", re.M)
        assert alive.search(screen.look())
        before = screen.look()
        eventually(lambda: screen.look() != before)

        with at(released, "reload", "--wait", "5m", columns=120) as waiting:
            waiting.shows("At work: ")
            waiting.shows(HEALTH)
            assert re.search(r"Wait for another run +\d+ s of 300 s   \[3/\d+\]", waiting.look())
            assert "switch slow" in waiting.look(), "with what command"

            for columns in (60, 41, 120, 80):
                screen.resize(columns, 30)
                assert_alive_in_one_line(screen)

            screen.type("C-c")
            screen.shows("Interrupted by SIGINT")
            eventually(lambda: prompt_is_back(screen))
            (health,) = lines(screen, HEALTH)
            assert re.match(
                r"(\^C)?✗ \[3/\d+\] Check the health of set[12]  interrupted after", health
            )
            assert screen.cursor_is_shown()
            assert "serves as before" in screen.look() or "serving" in screen.look()

            waiting.shows("✓ Reload nginx")
            eventually(lambda: prompt_is_back(waiting))
            assert len(lines(waiting, "Wait for another run")) == 1


def test_a_second_ctrl_c_leaves_a_terminal_that_is_as_it_was(
    released: Project, releases: Releases
) -> None:
    version = releases.push("slow", BOOT_SECONDS="600")
    with at(released, "switch", version) as screen:
        screen.shows(HEALTH, 120)
        screen.type("C-c")
        screen.shows("interrupted after")
        screen.type("C-c")
        screen.shows("left at once")
        eventually(lambda: prompt_is_back(screen))
        assert screen.cursor_is_shown()
        screen.type("echo it is $((40 + 2))", "Enter")
        screen.shows("it is 42")
    released.succeed("recover")


def test_a_release_that_fails_all_its_users_is_told_in_red_with_what_to_do(
    released: Project, releases: Releases
) -> None:
    version = releases.push("decays", FAIL_FROM="200")  # more than a switch asks
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.02):
            released.get("/products")

    before = released.version()
    with (
        released.changed_env(GUARD="2m"),
        at_work(over, [visit, visit]),
        at(released, "switch", version) as screen,
    ):
        screen.shows("Correct the release", 180)
        eventually(lambda: prompt_is_back(screen))
        shown = screen.look(colours=True)
        assert re.search(r"\x1b\[31m(\x1b\[49m)?error: decays", shown), shown
        told = " ".join(screen.look().split())
        again = rf"error: decays .* failed after the cut-over; {re.escape(before)} .* serves again"
        assert re.search(again, told), screen.look()
        assert "Correct the release" in told
    assert released.version() == before


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colour_gets_none(released: Project, environment: dict[str, str]) -> None:
    command = [f"{name}={value}" for name, value in environment.items()]
    fream = [sys.executable, "-m", "fream_compose", "-C", str(released.folder), "recover"]
    with terminal(["env", *command, *fream], 80, 24, released.folder, **LOCALE) as screen:
        screen.shows("Everything was in order")
        shown = screen.look(colours=True)
        assert "✓" not in shown if "TERM" in environment else "✓ Everything" in shown
        assert "\x1b[3" not in shown


def test_a_terminal_whose_locale_is_c_gets_ascii(released: Project) -> None:
    command = ["env", "LANG=C", "LC_ALL=", sys.executable, "-m", "fream_compose"]
    command += ["-C", str(released.folder), "reload"]
    with terminal(command, 80, 24, released.folder, **LOCALE) as screen:
        screen.shows("+ nginx has read its files")
        below = screen.look().partition("reload\n")[2]
        assert below.isascii()
        assert "+ Reload nginx: confirmed by nginx" in below
