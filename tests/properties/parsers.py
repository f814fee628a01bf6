"""Parsers of outside text, how their properties are tried, and the table of what a run showed."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, configuration, settings

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "docs" / "parsers.md"
CASES = 10_000  # of each parser, in a long run
HEAD = f"""\
# Every parser of outside text

What fream reads and did not write a moment ago: logs, answers, files that people edit, what
Docker prints. For each parser its properties, tried by Hypothesis with nearly valid and with
wild input: the tests in [tests/properties](../tests/properties). `script/check` tries a few
cases of each, always the same; `script/properties` tries {CASES:,} for each parser, new ones each
time, and writes this table: *cases* and *seconds* are from its last run, *found* is what
properties have found wrong since there are any; all of it is mended, and kept as an example.
"""
LONG = "long"
F = TypeVar("F", bound=Callable[..., None])

configuration.set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
_COMMON = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("small", _COMMON, max_examples=30, derandomize=True)
settings.register_profile(LONG, _COMMON, max_examples=CASES)
settings.load_profile("small")


@dataclass(frozen=True)
class Parser:
    """Something that reads outside text.

    places: the files of the package in which it does. found: what properties found wrong.
    """

    name: str
    places: tuple[str, ...]
    found: str = "nothing"

    def holds(self, test: F) -> F:
        """Mark a property of this parser, and count its cases."""
        inner: Any = getattr(test, "hypothesis")  # noqa: B009  # the types do not know it
        tried = inner.inner_test

        @functools.wraps(tried)
        def counted(*values: Any, **named: Any) -> None:
            vars(test)["cases"] = vars(test).get("cases", 0) + 1
            tried(*values, **named)

        inner.inner_test = counted
        vars(test)["parser"] = self
        return test


@dataclass(frozen=True)
class Tried:
    """A property that a run has tried."""

    parser: str
    test: str
    cases: int
    seconds: float


def words_of(test: str) -> str:
    """What a property says, by the name of its test."""
    return test.removeprefix("test_").replace("_", " ")


def table(parsers: Iterable[Parser], tried: Iterable[Tried]) -> str:
    """The document: one row for each parser."""
    rows = [HEAD, "| parser | where | properties | cases | seconds | found |"]
    rows.append("|---|---|---|---:|---:|---|")
    found = list(tried)
    for parser in sorted(parsers, key=lambda parser: parser.places):
        mine = [each for each in found if each.parser == parser.name]
        where = ", ".join(f"`{place}`" for place in parser.places)
        told = "; ".join(words_of(each.test) for each in mine)
        cases, seconds = sum(each.cases for each in mine), sum(each.seconds for each in mine)
        cells = (parser.name, where, told, f"{cases:,}", f"{seconds:.0f}", parser.found)
        rows.append(f"| {' | '.join(cells)} |")
    cases, seconds = sum(each.cases for each in found), sum(each.seconds for each in found)
    rows.append(f"\n{len(found)} properties, {cases:,} cases, {seconds:,.0f} s of tests.")
    return "\n".join(rows) + "\n"


class _Run:
    """What this run has tried, wherever its workers are."""

    def __init__(self) -> None:
        self.tried: list[Tried] = []
        self.parsers: dict[str, Parser] = {}


RUN = _Run()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-parsers` writes docs/parsers.md from the cases of this run."""
    parser.addoption("--write-parsers", action="store_true", help="write docs/parsers.md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a long run, share a parser's cases among its properties."""
    if settings.get_current_profile_name() != LONG:
        return
    tests: dict[Any, str] = {}
    for item in items:
        if parser := _marks(item).get("parser"):
            tests[getattr(item, "function")] = parser.name  # noqa: B009  # as above
    shares = Counter(tests.values())
    for test, parser in tests.items():
        settings(max_examples=-(-CASES // shares[parser]))(test)


def _marks(item: pytest.Item) -> dict[str, Any]:
    return dict(vars(getattr(item, "function", object)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Have a report say how many cases there were; it may go to another process."""
    report: pytest.TestReport = yield
    marks = _marks(item)
    if call.when == "call" and (parser := marks.get("parser")):
        tried = (parser.name, item.name, marks.get("cases", 0), call.duration)
        report.user_properties.append(("tried", json.dumps([tried, vars(parser)])))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was tried."""
    for name, told in report.user_properties:
        if name == "tried" and report.when == "call":
            tried, parser = json.loads(str(told))
            RUN.tried.append(Tried(*tried))
            known = Parser(parser["name"], tuple(parser["places"]), parser["found"])
            RUN.parsers[known.name] = known


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, from a run without a failure only."""
    config = session.config
    if config.getoption("--write-parsers") and not hasattr(config, "workerinput"):
        if session.testsfailed:
            return
        order = sorted(RUN.tried, key=lambda each: each.test)
        PLACE.write_text(table(RUN.parsers.values(), order), encoding="utf-8")
