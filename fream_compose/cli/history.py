"""fream history: what was done, when and by whom."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fream_compose.cli import project
from fream_compose.cli.ending import say
from fream_compose.cli.options import Output, OutputOption, ReportOutput
from fream_compose.cli.session import session
from fream_compose.errors import UsageError
from fream_compose.text import count

if TYPE_CHECKING:
    from fream_compose.project.entry import Entry
    from fream_compose.project.state import StateFolder

commands = typer.Typer()
history = typer.Typer()
commands.add_typer(history, name="history")


@history.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, at most.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what was done when and by whom, and how it ended; the newest last.

    Releases, the ways back, and what else changed something: up, down, maintenance, recover
    and prune. What is at work now has a row, too.
    """
    if context.invoked_subcommand:
        return
    from fream_compose.cli.form import form_of
    from fream_compose.cli.views.history import folded, table

    with session("history", output) as run:
        log = project.state(context.obj).seen()
        if output is Output.JSON:
            entries = [asdict(entry) for entry in log.entries[-limit:]]
            run.done({"entries": entries, "passed_over": log.passed_over}, "")
            return
        shown = [*folded(log.entries)][-limit:]
        form = form_of(sys.stdout)
        lines = table(shown, datetime.now(UTC), form) if shown else ["Nothing was done yet"]
        if log.passed_over:
            lines.append(f"{count(log.passed_over, 'line')} of the history could not be read")
        say("\n".join(lines))


@history.command()
def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="An id, or its beginning.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where markdown or html goes.")
    ] = None,
    output: Annotated[
        ReportOutput,
        typer.Option("--output", "-o", help="text, json, markdown for a chat, html: one page."),
    ] = ReportOutput.TEXT,
) -> None:
    """Show one run in full: each step's duration, where and why it failed, the evidence.

    As one page with --output html FILE: requests and latencies over time, the steps, the log.
    """
    from fream_compose.cli.views.history_entry import details
    from fream_compose.project.history import find as entry_of

    with session("history show", "json" if output is ReportOutput.JSON else "text") as run:
        if file and output in (ReportOutput.TEXT, ReportOutput.JSON):
            raise UsageError(f"{output} is not written to a file", next_step="--output html FILE")
        state = project.state(context.obj)
        entry = entry_of(state.seen().entries, wanted)
        if output in (ReportOutput.TEXT, ReportOutput.JSON):
            told = details(entry, datetime.now(UTC), state.logs.path(entry.log))
            run.done(asdict(entry), "\n".join(told))
            return
        text = _as(output, state, entry)
        if file:
            _write(file, text)
            run.done({}, f"{file} is written")
        else:
            run.done({}, text)


def _as(output: ReportOutput, state: "StateFolder", entry: "Entry") -> str:
    """A release as Markdown or as a page, with all that is kept of it."""
    from fream_compose.release_report.facts import read_report
    from fream_compose.release_report.markdown import markdown
    from fream_compose.release_report.page import page

    report = read_report(state.reports.read(entry.id), entry)
    return page(report).rstrip("\n") if output is ReportOutput.HTML else markdown(report)


def _write(path: Path, text: str) -> None:
    """Write a file as a whole, or to what is no file, such as /dev/stderr."""
    from fream_compose.project import durable

    if path.is_file() or not path.exists():
        durable.write(path, f"{text}\n")
        return
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise durable.unwritable(path, error) from error
