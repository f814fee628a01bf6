"""How a container ended is told as Docker knows it, also of one that runs again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose.docker.ends import UNKNOWN, ending, exit_code, last_of
from fream_compose.docker.facts import Condition


@pytest.mark.parametrize(
    ("code", "starved", "words"),
    [
        (0, False, "ended by itself (exit code 0)"),
        (1, False, "ended with exit code 1"),
        (127, False, "ended with exit code 127"),
        (137, False, "was killed (exit code 137)"),
        (137, True, "was killed: it took more memory than it may (exit code 137)"),
        (139, False, "was ended by SIGSEGV (exit code 139)"),
        (143, False, "was ended by SIGTERM (exit code 143)"),
        (255, False, "ended with exit code 255"),
        (UNKNOWN, False, "ended, with an exit code that Docker has forgotten"),
    ],
)
def test_an_end_has_its_words(code: int, starved: bool, words: str) -> None:
    assert ending(code, starved) == words


def test_one_that_runs_again_has_an_exit_code_that_docker_does_not_tell() -> None:
    assert exit_code("running", 0, 2) == UNKNOWN
    assert exit_code("running", 0, 0) == 0
    assert exit_code("restarting", 3, 2) == 3
    assert exit_code("exited", 3, 0) == 3


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ("", None),
        ("oom \n", None),
        ("die 3\n", (3, False)),
        ("die 1\ndie 3\n", (3, False)),
        ("oom \ndie 137\n", (137, True)),
        ("oom \ndie 137\ndie 1\n", (1, False)),
    ],
)
def test_the_last_end_is_among_the_events(events: str, end: tuple[int, bool] | None) -> None:
    assert last_of(events) == end


def test_it_is_told_how_often_it_ended() -> None:
    once, often = Condition("exited", 1), Condition("running", 1, 3)

    assert once.ending == "ended with exit code 1"
    assert often.ending == "ended with exit code 1, 3 times"
    assert replace(often, restarts=1).ending == "ended with exit code 1"
    assert replace(often, state="exited").ending == "ended with exit code 1, 4 times"
