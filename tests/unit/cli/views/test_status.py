"""The status, as a person sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose import times
from fream_compose.cli.views.status import lines
from fream_compose.operations.drift import Drift
from fream_compose.project.progress import Progress
from tests.golden import WIDTHS, holds
from tests.unit.cli.views.seen import BUSY, NOW, STATES, WELL, form


@pytest.fixture(autouse=True)
def it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)


def shown(name: str, width: int = 0, colour: bool = False) -> str:
    return "\n".join(lines(STATES[name], NOW, form(width, colour))) + "\n"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", STATES)
def test_a_terminal_shows_all_of_it_at_every_width(name: str, width: int) -> None:
    holds(f"status/{name}-{width}.txt", shown(name, width))


@pytest.mark.parametrize("name", STATES)
def test_a_pipe_has_a_line_for_each_thing_and_cuts_none(name: str) -> None:
    holds(f"status/{name}-pipe.txt", shown(name))


@pytest.mark.parametrize("name", STATES)
def test_colour_is_on_the_word_that_says_how_it_is(name: str) -> None:
    holds(f"status/{name}-80-colour.txt", shown(name, 80, colour=True))


@pytest.mark.parametrize("width", [20, 40, *WIDTHS])
@pytest.mark.parametrize("name", STATES)
def test_no_word_is_lost_at_any_width(name: str, width: int) -> None:
    assert shown(name, width).split() == shown(name).split()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [n for n in STATES if n != "closed"])
def test_no_line_is_longer_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, shown(name, width).splitlines())) <= width


def test_an_outage_is_told_in_one_line_of_80() -> None:
    assert shown("down", 80).splitlines()[0] == (
        "DOWN  shop: nginx is stopped, users get connection refused   fix: fream up"
    )


def test_a_run_that_has_said_little_is_told_with_what_it_said() -> None:
    new = replace(WELL, at_work=True, run=Progress("r", "fream up"))
    none = replace(WELL, at_work=True)

    assert "run      fream up  has just begun" in lines(new, NOW)
    assert "run      another run is at work, and has not said which" in lines(none, NOW)


def test_a_step_says_how_long_it_takes_and_may_take() -> None:
    (line,) = [line for line in lines(BUSY, NOW) if line.startswith("run ")]

    assert "[3/7] Wait for set2 to become healthy  34 s of 1 min 40 s" in line
    assert "of 1 min 40 s  last check: HTTP 404 (/products)  by" in line
    assert "by deploy@server (build-117) since 11:11:33 (40 s ago)" in line


def test_foreign_words_steer_no_terminal() -> None:
    evil = replace(WELL, notices=("\x1b[2Jgone\x07",))

    assert "\x1b" not in "".join(lines(evil, NOW))


def test_a_change_of_many_files_leaves_room_for_what_else_there_is() -> None:
    many = tuple(Drift(f"nginx/{n}.conf", "before", "after", "fream reload") for n in range(16))

    told = [line for line in lines(replace(WELL, drift=many), NOW) if "drift" in line]

    assert len(told) == 7
    assert told[-1] == "drift    and 10 more; all of it: fream doctor"
