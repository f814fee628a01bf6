"""fream history: what was released, when and by whom."""

from dataclasses import asdict
from typing import Annotated

import typer

from fream_compose.cli import project
from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.session import session

commands = typer.Typer()
history = typer.Typer()
commands.add_typer(history, name="history")


@history.callback(invoke_without_command=True)
def releases(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, at most.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what was released when and by whom.

    And how it ended; the newest last.
    """
    if context.invoked_subcommand:
        return
    from fream_compose.cli.views.history import table

    with session("history", output) as run:
        log = project.history(context.obj).read()
        shown = log.entries[-limit:]
        text = table(shown) if shown else ["Nothing was released yet"]
        if log.passed_over:
            text.append(f"{log.passed_over} lines of the history could not be read")
        entries = [asdict(entry) for entry in shown]
        run.done({"entries": entries, "passed_over": log.passed_over}, "\n".join(text))


@history.command()
def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="An id, or its beginning.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one release in full: each step's duration, why it failed, the evidence."""
    from fream_compose.cli.views.history import details
    from fream_compose.project.history import find as entry_of

    with session("history show", output) as run:
        entry = entry_of(project.history(context.obj).entries(), wanted)
        run.done(asdict(entry), "\n".join(details(entry)))
