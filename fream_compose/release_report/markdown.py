"""A release in a few lines for a chat or a ticket, which Slack, GitHub and Jira read alike.

What others wrote stands between backticks or in a fence, where it is neither markup nor a mention.
"""

import re
from collections.abc import Iterator, Sequence

from fream_compose.release_report import words
from fream_compose.release_report.facts import ReleaseReport
from fream_compose.text import clean, count, one_line
from fream_compose.times import span

_LOG_LINES, _WARNINGS = 20, 5
_LONGEST = 200  # characters of a line of the log
_FENCE = "```"
# What a chat takes for a mention even between backticks.
_MENTION = re.compile(r"<(?=[!@#])|\[(?=~)")
# What is markup outside of code; an underscore in a name is not.
_MARKUP = re.compile(r"[*~`<>\[\]|@#\\]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def markdown(report: ReleaseReport) -> str:
    """The release in Markdown, without an end of line."""
    return "\n".join([*_head(report), *_failure(report), *_warnings(report), *_log(report)])


def _head(report: ReleaseReport) -> Iterator[str]:
    run = report.run
    project = f"{_plain(report.project)}: " if report.project else ""
    yield f"*{project}{_plain(words.headline(report))}* ({run.result.words})"
    if run.of_release and (change := words.change(report)):
        yield f"- {_code(change)}"
    note = f", {_code(run.note)}" if run.note else ""
    yield f"- by {_code(run.by)}{note}"
    yield f"- {words.when(run)}, took {span(run.seconds)}"
    if run.of_release:
        yield f"- {_plain(words.verdict(report))}"
    if (found := report.evidence) and (parts := words.latencies(found)):
        yield "- p50/p99: " + ", ".join(
            f"{name} {words.milliseconds(taken.p50_ms)}/{words.milliseconds(taken.p99_ms)}"
            for name, taken in parts
        )


def _failure(report: ReleaseReport) -> Iterator[str]:
    run = report.run
    known = {
        "failed step": words.failed_step(report),
        "why": "; ".join(run.why.splitlines()),
        "serving": report.serving,
        "next": report.next_step,
        "no way back behind it": run.no_way_back,
        "id": run.id,
    }
    yield from (f"- {name}: {_code(value)}" for name, value in known.items() if value)


def _warnings(report: ReleaseReport) -> Iterator[str]:
    found: Sequence[str] = report.run.warnings
    yield from (f"- warning: {_code(each)}" for each in found[:_WARNINGS])
    if (more := len(found) - _WARNINGS) > 0:
        yield f"- {count(more, 'more warning')}"


def _log(report: ReleaseReport) -> Iterator[str]:
    if report.log:
        lines = (each for entry in report.log for each in clean(entry).split("\n"))
        shown = [line.expandtabs(4)[:_LONGEST].replace(_FENCE, "'''") for line in lines]
        yield from (_FENCE, *map(_harmless, shown[-_LOG_LINES:]), _FENCE)


def _code(text: str) -> str:
    """Foreign words as code: one line, in which nothing ends the code."""
    return f"`{_harmless(one_line(text).replace('`', chr(39)))}`"


def _plain(text: str) -> str:
    """Our own sentences, of which what others wrote in them makes no markup."""
    return _MARKUP.sub(" ", one_line(text))


def _harmless(text: str) -> str:
    return _MENTION.sub(lambda found: f"{found[0]} ", text)
