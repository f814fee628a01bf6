"""The form in which a run is told: for a program, a log, a job of GitHub Actions or a person."""

import sys

from fream_compose.cli.colour import draws
from fream_compose.cli.reports import github
from fream_compose.cli.reports.jsonl import JsonlReport
from fream_compose.cli.reports.plain import PlainReport
from fream_compose.cli.reports.terminal import TerminalReport
from fream_compose.report import Report


def report_of(output: str, quiet: bool, verbose: bool, timestamps: bool) -> Report:
    """The report of a run. output: text, json or jsonl. timestamps: before each line of a log."""
    if output == "jsonl":
        return JsonlReport(out=sys.stdout)
    if quiet:
        return Report()
    stream = sys.stdout if output == "text" else sys.stderr
    if output == "text" and github.at_work():
        return github.GithubReport(out=stream, timestamps=timestamps)
    # What Docker is asked is said on lines of its own, which would tear a line that is alive.
    if draws(stream) and not verbose:
        return TerminalReport(out=stream)
    return PlainReport(out=stream, timestamps=timestamps)
