"""The report of a release: whatever was kept, and whatever others wrote in it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose.project.entry import Entry, HookRun
from fream_compose.release_report.facts import ReleaseReport, read_report
from fream_compose.release_report.markdown import markdown
from fream_compose.release_report.page import page
from tests.properties.parsers import Parser
from tests.properties.strategies import ANY_TEXT, ODD, documents
from tests.properties.test_project import ENTRIES
from tests.unit.release_report import examples

REPORT = Parser(
    "the report of a release, and the words in it",
    ("release_report/facts.py", "release_report/markdown.py"),
)
WORDS = ANY_TEXT | ODD | st.sampled_from(["```", "`", "</pre>", "<!here>", "\n```\n", "*_~[x](y)"])


@cache
def kept() -> dict[str, Any]:
    """A report as it is kept."""
    told: dict[str, Any] = json.loads(examples.cut_back().to_json())
    return told


class Reader(HTMLParser):
    """Keeps the names of what it meets."""

    def __init__(self) -> None:
        super().__init__()
        self.met: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append(f"{tag} {' '.join(name for name, _ in attrs)}")


def met(text: str) -> list[str]:
    """The elements of a page, with the names of their attributes."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader.met


def with_words(words: list[str]) -> ReleaseReport:
    """A report in which others wrote this."""
    one, two, three, four = words
    found = examples.never_healthy()
    run = replace(
        found.run,
        by=f"a{one}",
        note=f"b{two}",
        why=f"c{three}",
        warnings=(f"d{four}",),
        hooks=(HookRun("after_failure", f"e{one}", 1.0, f"f{two}", f"g{three}"),),
    )
    return replace(found, run=run, project=f"h{one}", log=(f"i{four}",), serving=f"j{two}")


@REPORT.holds
@given(report=documents(kept()), entry=ENTRIES)
def test_what_was_kept_is_read_or_the_history_is_told(report: str, entry: Entry) -> None:
    found = read_report(report, entry)

    assert found.run == entry
    assert page(found).isascii()
    assert markdown(found)


@REPORT.holds
@given(words=st.lists(WORDS, min_size=4, max_size=4))
@example(words=["<script>", "```", "@here", "</style>"])
def test_no_words_add_an_element_to_the_page(words: list[str]) -> None:
    assert met(page(with_words(words))) == met(page(with_words(["x"] * 4)))


@REPORT.holds
@given(words=st.lists(WORDS, min_size=4, max_size=4))
@example(words=["`", "\n```", "<!here>", "```"])
def test_no_words_leave_their_code_in_markdown(words: list[str]) -> None:
    told = markdown(with_words(words)).split("\n")
    fences = [number for number, line in enumerate(told) if "```" in line]

    assert len(fences) == 2
    assert told[fences[0]] == told[fences[1]] == told[-1] == "```"
    outside = told[: fences[0]]
    assert all(line.count("`") % 2 == 0 for line in outside)
    ours = "".join("".join(line.split("`")[::2]) for line in outside)
    assert not any(sign in ours for sign in "<>[]@#|~\\")
    assert "<!" not in "".join(told)
