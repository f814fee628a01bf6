"""docs/parsers.md names every property there is, and the properties every parser there is."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.properties.parsers import PLACE, ROOT, Parser, Tried, table, words_of

PACKAGE = ROOT / "fream_compose"
FILES = sorted((ROOT / "tests" / "properties").glob("test_*.py"))
# How text is taken apart in this package.
PARSES = re.compile(
    r"of_json|\bre\.\w+\(|fromisoformat|read_moment\(|strptime|\.r?split\(|\.r?partition\(|splitlines"
    r"|\bint\(|\bfloat\(|safe_load|ip_address|ip_network|shlex\.split|model_validate|html\.unescape"
)
# What takes apart nothing that is from outside and unread so far.
NOT_TRIED = {
    "foreign.py",  # is called by every parser of JSON
    "nginx/key.py",  # a folder that it alone writes
    "nginx/tls.py",  # names that the settings have read
    *("cli/views/history.py", "cli/views/status.py", "cli/views/watch.py"),  # show what was read
    "operations/certificate_hook.py",  # one line
    *("docker/made_with.py", "operations/lost_env.py"),  # names of images, and lines of .env
    *("cli/views/prometheus.py", "cli/views/rows.py"),  # moments that were read; words for a line
    "cli/views/history_entry.py",  # lines of what was printed, to show them
    "operations/keeper.py",  # lines of what was printed
    *("cli/reports/github.py", "cli/reports/plain.py", "cli/reports/terminal.py", "report.py"),
    *("cli/views/errors.py", "times.py", "cli/usage.py"),  # our own words, moments, Typer's words
    *("cli/session.py", "doctor/examination.py", "doctor/finding.py", "doctor/server.py"),
    *("cli/exec.py", "cli/init.py", "cli/logs.py"),  # options, ids to pass on
    *("operations/guard.py", "operations/health.py", "operations/hints.py", "operations/hooks.py"),
    *("docker/farewell.py", "operations/workers.py"),  # ids and names that were read
    "docker/container_log.py",  # lines for the excerpt, and addresses of networks
    "docker/refusals.py",  # the last line of what was printed
    "nginx/series.py",  # requests that were read
    *("operations/ending.py", "project/reports.py"),  # a row of the history, and its id
    *("release_report/axis.py", "release_report/chart.py", "release_report/plot.py"),  # numbers
    "operations/kinds.py",  # one line of what was printed
    *("docker/changes.py", "docker/kernel.py", "operations/left_hook.py"),  # what the kernel says
}


def place_of(path: Path) -> str:
    """A file of the package as a parser names it."""
    return str(path.relative_to(PACKAGE))


@cache
def properties() -> dict[str, Parser]:
    """Every test of a property with its parser."""
    modules = [import_module(f"tests.properties.{path.stem}") for path in FILES]
    tests: dict[str, Any] = {
        name: test for each in modules for name, test in vars(each).items() if name[:5] == "test_"
    }
    return {name: vars(test)["parser"] for name, test in tests.items()}


def rows() -> dict[str, list[str]]:
    """The table's rows by parser, as cells."""
    lines = PLACE.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row for row in cells[1:]}


def test_the_table_names_every_property_and_no_other() -> None:
    told = {(name, text) for name, row in rows().items() for text in row[2].split("; ")}

    assert told == {(parser.name, words_of(name)) for name, parser in properties().items()}


def test_the_table_says_what_the_tests_say_was_found() -> None:
    parsers = {parser.name: parser for parser in properties().values()}

    assert {name: row[5] for name, row in rows().items()} == {
        name: parser.found for name, parser in parsers.items()
    }


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=place_of)
def test_what_takes_text_apart_is_tried_or_has_a_reason(path: Path) -> None:
    mine, tried = place_of(path), {p for each in properties().values() for p in each.places}

    if PARSES.search(path.read_text(encoding="utf-8")):
        assert mine in tried | NOT_TRIED
    else:
        assert mine not in NOT_TRIED


def test_every_place_is_a_file() -> None:
    places = {place for parser in properties().values() for place in parser.places}

    assert all((PACKAGE / place).is_file() for place in places | NOT_TRIED)
    assert not places & NOT_TRIED


def test_cases_and_seconds_are_summed_up() -> None:
    parser = Parser("a parser", ("a.py",), "a fault")
    tried = [Tried("a parser", f"test_it_{n}", 10_000, 1.5) for n in (1, 2)]

    text = table([parser], tried)

    assert "| a parser | `a.py` | it 1; it 2 | 20,000 | 3 | a fault |" in text
    assert "2 properties, 20,000 cases, 3 s of tests." in text
