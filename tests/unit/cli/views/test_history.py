"""The history as people see it: at a terminal of three widths, in a pipe, without glyphs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from fream_compose import times
from fream_compose.cli.colour import Tone
from fream_compose.cli.form import PIPE, Form, form_of
from fream_compose.cli.views.history import folded, line, table
from fream_compose.cli.views.history_entry import details
from fream_compose.project.entry import Entry, HookRun, Kind, Result
from fream_compose.text import encodable
from tests.golden import WIDTHS, holds

NOW = datetime(2026, 11, 27, 11, 9, 35, tzinfo=UTC)
NEW = "1.0.1@sha256:" + "1" * 64


def entry(tail: str, started: str, result: Result, seconds: float, **parts: object) -> Entry:
    made = Entry(
        id=f"20261127T000000Z-{tail}",
        version="1.0.1",
        set="set2",
        replaced="1.0.0",
        started=f"2026-11-{started}+00:00",
        seconds=seconds,
        result=result,
        by="deploy@server",
    )
    return replace(made, **parts)  # type: ignore[arg-type]


def other(tail: str, started: str, kind: Kind, **parts: object) -> Entry:
    bare = entry(tail, started, Result.DONE, 2.0, version="", set="", replaced="", kind=kind)
    return replace(bare, **parts)  # type: ignore[arg-type]


SERVED = {"served": 12345, "failed": 0}
FAILED = entry(
    "c3d4e5",
    "25T22:14:03",
    Result.FAILED,
    101.2,
    by="anna (deploy@server, jenkins-shop-release-412)",
    note="hotfix for #12",
    command="fream switch 1.0.1 --by anna --note 'hotfix for #12'",
    why="The new release was not healthy within 100 s: HTTP 500\nno such table: orders",
    error="UnhealthyError",
    exit_code=6,
    failed_step="health",
    log="20261127T000000Z-c3d4e5.log",
    steps={"Pull 1.0.1": 1.25, "Start set2": 0.61},
    warnings=("a hook failed: exit code 3",),
    hooks=(HookRun("after_failure", "after failure 1 (./tell)", 0.2, "exit code 3", "no route"),),
)
ROWS = [
    entry("a1b2c3", "24T08:00:00", Result.DONE, 8.3, version="1.0.0", replaced="", set="set1"),
    entry("b2c3d4", "25T09:30:12", Result.DONE, 12.4, evidence=SERVED, warnings=("one",)),
    FAILED,
    entry("d4e5f6", "25T23:00:00", Result.CANCELLED, 3.0, why="Interrupted by SIGINT"),
    entry(
        "e5f6a7",
        "26T01:00:00",
        Result.CUT_BACK,
        31.0,
        why="The new release failed after the cut-over: connection refused",
    ),
    entry("f6a7b8", "26T02:00:00", Result.FAILING, 44.0, evidence={"served": 99, "failed": 12}),
    entry("a7b8c9", "26T02:10:00", Result.DONE, 2.1, kind=Kind.ROLLBACK, evidence=SERVED),
    other("b8c9d0", "26T03:00:00", Kind.MAINTENANCE, steps={"Close the app": 0.1}),
    other("c9d0e1", "26T03:05:00", Kind.RECOVER, steps={"Repair: nginx is not running": 0.1}),
    entry(
        "d0e1f2",
        "26T04:00:00",
        Result.INTERRUPTED,
        1.0,
        version="2.0.0-rc.1+build.2026-11-26",
        why="It ended without a word at 'Drain set1': its process was killed; 1.0.1 serves",
    ),
    entry("e1f2a3", "27T11:09:01", Result.RUNNING, 0.2, by="안나 (deploy@server)"),
]


@pytest.fixture(autouse=True)
def in_utc() -> Iterator[None]:
    times.use_utc(True)
    yield
    times.use_utc(False)


def marked(text: str, tone: Tone) -> str:
    return f"[{tone}: {text}]"


def shown(form: Form) -> str:
    return "\n".join([*table(ROWS, NOW, form), ""])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_history_at_a_terminal(width: int) -> None:
    holds(f"history/list-{width}.txt", shown(Form(width)))


@pytest.mark.parametrize("width", WIDTHS)
def test_colour_is_for_what_ended_badly_alone(width: int) -> None:
    holds(f"history/list-{width}-colour.txt", shown(Form(width, marked)))


def test_in_a_pipe_nothing_is_cut() -> None:
    told = shown(PIPE)

    holds("history/list-pipe.txt", told)
    for row in ROWS:
        for part in (row.by, row.why.split("\n")[0], row.version.partition("@")[0]):
            assert part in told
    assert len(told.splitlines()) == len(ROWS) + 1


@pytest.mark.parametrize("width", WIDTHS)
def test_without_glyphs_the_history_is_ascii(width: int) -> None:
    plain = Form(width, fit=lambda text: encodable(text, "ascii"))

    holds(f"history/list-{width}-ascii.txt", shown(plain))
    assert shown(plain).isascii()


@pytest.mark.parametrize("width", [40, *WIDTHS, 79, 81, 200])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_no_line_is_wider_than_the_terminal(width: int, encoding: str) -> None:
    form = Form(width, fit=lambda text: encodable(text, encoding))

    for each in table(ROWS, NOW, form)[1:]:
        assert cell_len(each) <= max(width, 53), each


def test_what_was_foreign_moves_no_cursor() -> None:
    odd = replace(FAILED, why="\x1b[2Jgone\nmore", by="a\u202eb", version="1.0.1")

    for form in (PIPE, Form(80)):
        told = "".join([*table([odd], NOW, form), *details(odd, NOW)])
        assert not [sign for sign in told if unicodedata.category(sign) in ("Cc", "Cf")]


@pytest.mark.parametrize("tail", [row.short_id for row in ROWS])
def test_one_run_in_full(tail: str) -> None:
    (row,) = (row for row in ROWS if row.short_id == tail)
    log = Path("/srv/shop/compose/.fream/logs") / row.log if row.log else None

    holds(f"history/show-{row.result}-{tail}.txt", "\n".join([*details(row, NOW, log), ""]))


def test_a_repair_that_fails_again_and_again_is_one_row() -> None:
    silent = [
        other(f"00000{n}", f"26T04:0{n}:00", Kind.RECOVER, result=Result.FAILED, why="No nginx:\nx")
        for n in range(5)
    ]

    found = [*folded([ROWS[0], *silent, ROWS[1], silent[0]])]

    assert [row.short_id for row in found] == ["a1b2c3", "000004", "b2c3d4", "000000"]
    assert found[1].why == "No nginx (5 times in a row)"
    assert found[3] == silent[0]


def test_a_run_in_a_line_says_what_and_how() -> None:
    assert line(ROWS[1]).endswith("done  12 s  deploy@server  12,345 served, 0 failed; 1 warning")


def test_a_form_of_no_terminal_is_of_any_length(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        form = form_of(stream)

        assert (form.width, form.paint("x", Tone.BAD), form.fit("→")) == (0, "x", "→")


@pytest.mark.parametrize("width", WIDTHS)
def test_of_a_change_both_sides_are_shown_however_long_they_are(width: int) -> None:
    was, to = "0ld" + "a" * 37, "new" + "b" * 37

    lines = table([replace(ROWS[1], replaced=was, version=to)], NOW, Form(width))

    [line] = [line for line in lines if "0ld" in line]
    assert "… → new" in line
    assert all(cell_len(each) <= width for each in lines)
