"""A release as one page, complete in itself: no script, and nothing from elsewhere."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from fream_compose import __version__
from fream_compose.project.entry import Result
from fream_compose.release_report import sections, words
from fream_compose.release_report.facts import ReleaseReport
from fream_compose.release_report.markup import Markup, tag

_GOOD = (Result.DONE,)
_OPEN = (Result.RUNNING, Result.CANCELLED, Result.INTERRUPTED)


def page(report: ReleaseReport) -> str:
    """The page, in ASCII, so that it can be written and printed anywhere."""
    title = f"{report.project}: {words.headline(report)}".removeprefix(": ")
    head = tag("head", _meta(), tag("title", title), tag("style", _style()))
    whole = tag("html", head, tag("body", tag("main", *_content(report))), lang="en")
    return f"<!doctype html>\n{whole}\n".encode("ascii", "xmlcharrefreplace").decode()


def _meta() -> Markup:
    """Also in a browser that runs whatever it finds: nothing is fetched, run or sent."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Markup(
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="robots" content="noindex">'
    )


@cache
def _style() -> Markup:
    return Markup(Path(__file__).with_name("style.css").read_text(encoding="ascii"))


def _content(report: ReleaseReport) -> list[Markup]:
    return [
        _header(report),
        sections.failure(report),
        sections.warnings(report),
        sections.traffic(report),
        sections.steps(report),
        sections.hooks(report),
        sections.images(report),
        tag("footer", f"Release {report.run.id}, told by fream {__version__}"),
    ]


def _header(report: ReleaseReport) -> Markup:
    where = " on ".join(filter(None, [report.project, report.server]))
    result = report.run.result
    kind = "good" if result in _GOOD else "open" if result in _OPEN else "bad"
    badge = tag("span", result.words, class_=f"result {kind}")
    return tag(
        "header",
        tag("p", tag("bdi", where), " ", badge, class_="where"),
        tag("h1", words.headline(report)),
        tag("p", words.verdict(report), class_="verdict") if report.run.of_release else "",
        sections.figures(report),
        sections.facts(report),
    )
