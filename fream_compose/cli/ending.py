"""How a run's end is said to people, and to a CI server."""

import sys
from collections.abc import Mapping
from typing import Any, TextIO

from fream_compose.cli.colour import Tone, draws, painted
from fream_compose.cli.form import columns_of
from fream_compose.cli.reports import github
from fream_compose.cli.reports.plain import stamped
from fream_compose.cli.reports.stream import Tolerant
from fream_compose.cli.views.errors import explained
from fream_compose.errors import ConfigurationError, FreamError, reason
from fream_compose.report import Report
from fream_compose.text import clean, count


def say(text: str, stream: TextIO | None = None, timestamps: bool = False) -> None:
    """Print lines. timestamps: whether each begins with this moment."""
    shown = github.fit(text)
    print(stamped(shown) if timestamps else shown, file=Tolerant(stream or sys.stdout), flush=True)


def say_done(text: str, report: Report, timestamps: bool) -> None:
    """Print the result; at a terminal with a mark, where something was done."""
    acted, shown = report.heading is not None, clean(text)
    if acted and draws(sys.stdout):
        shown = f"{painted('✓', Tone.GOOD, sys.stdout)} {shown}"
    say(shown, sys.stdout, timestamps)


def say_failed(error: FreamError, timestamps: bool, machine: bool) -> None:
    """Print what failed, why, what serves and what to do next.

    machine: whether a program reads the result, which then is no place for annotations.
    """
    headline, *rest = explained(error, columns_of(sys.stderr))
    lines = [painted(headline, Tone.BAD, sys.stderr), *rest]
    say("\n".join(lines), sys.stderr, timestamps)
    if github.at_work() and not machine:
        told = "\n".join(line for line in explained(error)[1:] if not line.startswith("  log "))
        annotation = github.command("error", told, title=error.what)
        print(annotation, file=Tolerant(sys.stdout), flush=True)


def unsaid(error: OSError) -> ConfigurationError:
    """The error of a result that could not be printed."""
    return ConfigurationError(
        "What was asked for could not be printed",
        reason(error),
        next_step="Make room where it is written to, then the same again",
    )


def sum_up(
    report: Report, ended: str, error: FreamError | None, result: Mapping[str, Any] | None
) -> None:
    """Add the end of what was done to the summary of a CI job, where there is one."""
    if report.heading and github.at_work():
        rest = explained(error)[1:] if error else ()
        github.summarize(report, ended, error is None, _counts(result or {}), rest)


def _counts(result: Mapping[str, Any]) -> str:
    found = result.get("evidence") or {}
    if not (found.get("served") or found.get("failed")):
        return ""
    return f"{count(found['served'], 'request')} served, {found['failed']:,} failed"
