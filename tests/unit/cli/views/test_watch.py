"""The watch, as a person sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from fream_compose import times
from fream_compose.cli.views.watch import plain, screen, sparkline
from fream_compose.nginx.traffic import SetTraffic
from fream_compose.operations.status import Status
from fream_compose.operations.watch import Frame
from fream_compose.project.entry import Result
from tests.golden import WIDTHS, holds
from tests.unit.cli.views.seen import (
    BUSY,
    CLOSED,
    DOWN,
    FLOW,
    NOW,
    STATES,
    WELL,
    entry,
    form,
    frame,
)

FRAMES = {name: frame(status) for name, status in STATES.items()} | {
    "draining": frame(WELL, draining="set2", draining_seconds=4.2, connections={"set2": 7}),
    "unknown": frame(None, trouble="Docker could not list the containers: it does not answer"),
}
# Of a set without a request, and of one that is as busy as can be.
FLOWS = [
    SetTraffic(),
    FLOW,
    SetTraffic(99_999.9, 999_999, 12_345.6, 99_999.0, (1e5,) * 30, (1e5,) * 30),
    SetTraffic(0.1, 0, 0.1, 999.96, (0.1,), (0.1,)),
]


@pytest.fixture(autouse=True)
def it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)


def shown(found: Frame, width: int = 80, **how: bool) -> str:
    return "\n".join(screen(found, form(width, **how), 1.0)) + "\n"


def columns(found: Frame, width: int) -> tuple[int, list[int]]:
    """In which line the table is, and where in its rows a word ends whose column ends there."""
    lines = screen(found, form(width), 1.0)
    at = next(i for i, line in enumerate(lines) if line.startswith("set "))
    return at, [lines[at].index(name) + len(name) for name in ("req/s", "errors", "open")]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FRAMES)
def test_a_terminal_shows_a_screen_at_every_width(name: str, width: int) -> None:
    holds(f"watch/{name}-{width}.txt", shown(FRAMES[name], width))


@pytest.mark.parametrize("name", FRAMES)
def test_colour_is_on_what_matters(name: str) -> None:
    holds(f"watch/{name}-80-colour.txt", shown(FRAMES[name], colour=True))


def test_a_terminal_without_other_glyphs_gets_ascii() -> None:
    text = shown(FRAMES["busy"], 120, ascii_only=True)

    assert text.isascii()
    holds("watch/busy-120-ascii.txt", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("status", [WELL, DOWN, BUSY, CLOSED])
def test_the_columns_stay_where_they_are_whatever_the_traffic(
    status: Status, flow: SetTraffic, width: int
) -> None:
    found = frame(status, flow)

    assert columns(found, width) == columns(frame(), width)
    at, ends = columns(found, width)
    row = screen(found, form(width), 1.0)[at + 1]
    assert all(row[end - 1] != " " and row[end : end + 1] in ("", " ") for end in ends)


@pytest.mark.parametrize("width", [1, 10, 30, 59, *WIDTHS])
@pytest.mark.parametrize("flow", FLOWS)
def test_the_table_never_grows_beyond_its_terminal(flow: SetTraffic, width: int) -> None:
    lines = screen(frame(WELL, flow), form(width), 1.0)
    at = next(i for i, line in enumerate(lines) if line.startswith("set "))

    assert max(map(cell_len, lines[at : at + 3])) <= max(width, 60)


@pytest.mark.parametrize(
    ("values", "bars"),
    [((), "   "), ((0.0, 0.0), " ▁▁"), ((0.0, 5.0, 10.0), "▁▄█"), ((9.0, 0.0, 5.0, 10.0), "▁▄█")],
)
def test_a_sparkline_rises_with_its_values_and_is_as_wide_as_its_column(
    values: tuple[float, ...], bars: str
) -> None:
    assert sparkline(values, 3) == bars


def test_the_newest_release_is_the_first() -> None:
    releases = [line for line in shown(frame()).splitlines() if line.startswith("2026-11-27")]

    assert [line.split()[2] for line in releases] == ["1.0.5", "1.0.4", "1.0.3", "1.0.2", "1.0.1"]


def test_a_log_gets_one_line_with_the_sets_that_serve() -> None:
    line = plain(frame())

    assert "WELL  shop: 1.0.1 in set1 serves, users get HTTP 200; set1 1,204.5/s, 3 errors" in line
    assert "set2 0/s" not in line
    assert "\n" not in line


def test_a_drain_is_told_while_it_lasts() -> None:
    assert "draining: set2 for 4 s, 7 open connections" in plain(FRAMES["draining"])
    assert "draining set2 for 4 s  7 open connections" in shown(FRAMES["draining"])
    assert "draining" not in plain(frame())


def test_what_is_wrong_is_told_in_place_of_the_status() -> None:
    assert "Docker could not list the containers" in plain(FRAMES["unknown"])
    assert "Docker could not list the containers" in shown(FRAMES["unknown"])


def test_foreign_words_steer_no_terminal() -> None:
    evil = replace(WELL, notices=("\x1b[2Jgone\x07",), live=replace(WELL.live, version="\x1b[2J"))  # type: ignore[type-var]

    assert "\x1b" not in shown(frame(evil))


@pytest.mark.parametrize("width", [60, 79, 80, 120])
def test_a_release_has_a_line_that_fits_and_a_duration_that_is_whole(width: int) -> None:
    long = replace(entry(1, Result.INTERRUPTED), seconds=754.0, by="anna (" + "x" * 200)

    *_, line = screen(replace(frame(), events=(long,)), form(width), 1.0)

    assert cell_len(line) <= width
    assert "interrupted 12 min 34 s" in line
    assert line.endswith("…") or width < 80


def test_one_error_and_one_connection_are_one() -> None:
    found = frame(WELL, replace(FLOW, errors=1), draining="set2", connections={"set2": 1})

    assert "1 error," in plain(found)
    assert "1 open connection" in plain(found)
    assert "1 open connections" not in plain(found)
