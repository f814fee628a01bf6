"""The page of a release: whole, readable without eyes, harmless whatever others wrote."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from fream_compose.nginx.series import Course, Series
from fream_compose.project.entry import Kind, Result
from fream_compose.release_report.page import page
from tests import schema
from tests.unit.release_report import examples

VOID = {"meta"}
KNOWN = {
    *("html", "head", "title", "style", "meta", "body", "main", "header", "section", "footer"),
    *("h1", "h2", "p", "span", "bdi", "strong", "code", "pre", "ul", "ol", "li", "dl", "dt", "dd"),
    *("div", "figure", "figcaption", "details", "summary", "table", "thead", "tbody", "tr", "th"),
    *("td", "svg", "path", "rect", "line", "text"),
}


@dataclass
class Element:
    """What stands in a page."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, name: str, **wanted: str) -> list[Element]:
        """The elements inside, of this name and with these attributes."""
        found = [
            each
            for each in self.inside
            if each.name == name
            and all(each.attributes.get(key.rstrip("_")) == v for key, v in wanted.items())
        ]
        return found + [deep for each in self.inside for deep in each.all(name, **wanted)]

    def words(self) -> str:
        """Its text and that of what is inside."""
        return self.text + " ".join(each.words() for each in self.inside)


class Reader(HTMLParser):
    """Reads a page, and stumbles over whatever is not closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = Element("", {})
        self.open = [self.whole]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].text += data


@cache
def written(name: str) -> str:
    """The page of an example."""
    return page(examples.EVERY[name]())


def read(text: str) -> Element:
    """The page, read."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == [reader.whole]
    return reader.whole


def everything(element: Element) -> list[Element]:
    """All elements of a page."""
    return [deep for each in element.inside for deep in (each, *everything(each))]


every = pytest.mark.parametrize("name", examples.EVERY)


@every
def test_a_page_is_whole_and_knows_no_script_and_no_place_but_itself(name: str) -> None:
    text = written(name)
    found = everything(read(text))

    assert text.startswith("<!doctype html>\n")
    assert text.isascii()
    assert {each.name for each in found} <= KNOWN
    attributes = {key for each in found for key in each.attributes}
    assert not {key for key in attributes if key.startswith("on")}
    assert not attributes & {"href", "src", "srcset", "style", "action", "xlink:href", "data"}
    (style,) = (each.text for each in found if each.name == "style")
    assert "url(" not in style
    assert "@import" not in style


@every
def test_a_browser_is_told_to_fetch_and_run_nothing(name: str) -> None:
    whole = read(written(name))
    (policy,) = whole.all("meta", **{"http-equiv": "Content-Security-Policy"})
    (style,) = whole.all("style")
    digest = b64encode(sha256(style.text.encode()).digest()).decode()

    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@every
def test_who_sees_no_picture_is_told_what_is_in_it(name: str) -> None:
    whole = read(written(name))
    found = everything(whole)

    assert whole.all("html")[0].attributes["lang"] == "en"
    assert whole.all("title")[0].text
    assert len(whole.all("h1")) == 1
    charts = [each for each in found if each.name == "svg" and "viewbox" not in each.attributes]
    for chart in charts:
        hidden = chart.attributes.get("aria-hidden") == "true"
        said = chart.attributes.get("role") == "img" and chart.attributes["aria-label"]
        assert hidden or said
    figures = whole.all("figure")
    assert all(figure.all("figcaption") for figure in figures)
    ids = Counter(each.attributes["id"] for each in found if "id" in each.attributes)
    assert set(ids.values()) <= {1}
    named = {each.attributes["aria-labelledby"] for each in found if each.name == "section"}
    assert named <= set(ids)
    assert all(each.attributes.get("tabindex") == "0" for each in found if each.name == "pre")


def test_what_others_wrote_is_shown_as_they_wrote_it_but_steers_nothing() -> None:
    text = written("hostile")

    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\x00" not in text
    assert "&#8238;" not in text
    assert "</script></style></title>" in read(text).all("title")[0].text


@pytest.mark.parametrize(
    ("name", "headline", "verdict"),
    [
        ("good", "1.4.2 is live", "Users noticed nothing: 2,130 requests served, none failed."),
        ("rollback", "1.4.1 is back", "Users noticed nothing"),
        ("never_healthy", "The release of 1.4.2 failed", "Users noticed nothing"),
        ("cut_back", "1.4.2 failed after its cut-over; 1.4.1 serves again", "Users fared worse"),
        ("failing", "1.4.2 is live, and users fare worse on it", "Users fare worse on it: "),
        ("cancelled", "The release of 1.4.2 was cancelled", "Users noticed nothing"),
        ("without_traffic", "1.4.2 is live", "No request came meanwhile"),
        ("without_evidence", "1.4.2 is live", "is not known: nginx's log cannot be read"),
        ("first", "1.4.2 is live", "was not recorded"),
    ],
)
def test_the_first_words_say_how_it_ended_and_what_users_got(
    name: str, headline: str, verdict: str
) -> None:
    whole = read(written(name))

    assert whole.all("h1")[0].text == headline
    assert verdict in whole.all("p", class_="verdict")[0].text


def test_a_release_that_left_the_server_uncertain_says_so() -> None:
    found = examples.never_healthy()
    run = replace(found.run, error="UncertainError", exit_code=9)

    (headline,) = read(page(replace(found, run=run))).all("h1")

    assert headline.text == "The release of 1.4.2 failed, and the server needs a look"


@pytest.mark.parametrize(
    ("result", "told"),
    [(Result.DONE, "Maintenance is done"), (Result.FAILED, "Maintenance failed")],
)
def test_what_was_no_release_has_a_page_without_a_verdict(result: Result, told: str) -> None:
    kept = replace(examples.first().run, kind=Kind.MAINTENANCE, version="", set="", result=result)
    whole = read(page(replace(examples.first(), run=kept)))

    assert whole.all("h1")[0].text == told
    assert whole.all("p", class_="verdict") == []


def test_the_cut_over_is_marked_where_it_was() -> None:
    report = examples.good()
    assert report.series
    assert report.series.cut_over
    start, end = report.series.edges[0], report.series.edges[-1]
    expected = (report.series.cut_over - start) / (end - start) * 100

    marks = read(written("good")).all("line", class_="cut")
    charts = [each for each in marks if each.attributes["y2"] != "100%"]

    assert len(charts) == 2
    assert {each.attributes["x1"] for each in charts} == {f"{round(expected, 3)}%"}


def test_a_chart_stacks_what_the_sets_answered_and_marks_what_failed() -> None:
    old = Course((10, 10, 0), (0, 0, 0), (5.0, None, None), (9.0, None, None))
    new = Course((0, 0, 20), (0, 0, 4), (None, None, 7.0), (None, None, 70.0))
    series = Series(examples.BEGAN, (-1.0, 0.0, 1.0, 2.0), 1.0, {"set1": old, "set2": new})

    whole = read(page(replace(examples.failing(), series=series)))
    shapes = {each.attributes["class"]: each.attributes["d"] for each in whole.all("path")}

    assert shapes["area old"] == "M0 150V75H333.33V150ZM333.33 150V75H666.67V150Z"
    assert shapes["area new"] == "M666.67 150V0H1000V150Z"
    assert shapes["area failed"].startswith("M666.67 56V")
    assert shapes["line old"].count("M") == 1
    assert "None." not in " ".join(each.words() for each in whole.all("figcaption"))


def test_the_figures_are_there_as_a_table_too() -> None:
    (details,) = read(written("good")).all("details", class_="numbers")

    heads = [each.text for each in details.all("th")]
    assert heads[:5] == ["from", "set1: requests", "set1: failed", "set1: p50", "set1: p99"]
    rows = details.all("tr")[1:]
    series = examples.good().series
    assert series
    assert len(rows) == len(series.edges) - 1


def test_a_failed_step_is_told_by_a_word_and_not_by_its_colour_alone() -> None:
    steps = read(written("never_healthy")).all("li")

    failed = [each.words() for each in steps if each.all("rect", class_="bar bad")]

    assert len(failed) == 1
    assert "1 min 40 s, failed" in failed[0]


def test_hooks_are_shown_with_what_they_printed() -> None:
    whole = read(written("several"))
    shown = whole.all("details")[1:]

    assert [each.all("summary")[0].words() for each in shown] == [
        ": , 2.4 sbefore start 1 (./manage, release) done",
        ": , 0.2 safter cut over 1 (curl, host) exit code 22",
    ]
    assert ["open" in each.attributes for each in shown] == [False, True]
    assert len(whole.all("section")) == 5


def test_the_colours_have_contrast() -> None:
    """4.5 to 1 for letters, 3 to 1 for what is drawn, in both schemes."""
    style = read(written("good")).all("style")[0].text
    light, dark = re.findall(r":root \{(.*?)\n *\}", style, re.DOTALL)[:2]
    for scheme in (light, dark):
        colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", scheme))
        for name in ("ink", "quiet", "bad", "good", "open"):
            assert contrast(colour[name], colour["paper"]) >= 4.5, name
        for name in ("bad", "good", "open"):
            assert contrast(colour[name], colour[f"{name}-soft"]) >= 4.5, name
        assert contrast(colour["quiet"], colour["page"]) >= 4.5
        for name in ("new", "old", "bad"):
            assert contrast(colour[name], colour["paper"]) >= 3, name
        assert contrast(colour["old"], colour["new"]) >= 1.5


def contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG has it."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """How bright a colour is, from 0 to 1."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@every
def test_the_report_itself_is_as_its_schema_says(name: str) -> None:
    schema.holds_report(examples.EVERY[name]().to_json())
