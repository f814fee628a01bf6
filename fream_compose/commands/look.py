"""fream status: look, change nothing."""

from datetime import UTC, datetime

import typer

from fream_compose.commands.edge import Output, OutputOption, edge, opened

commands = typer.Typer()


@commands.command()
def status(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Show what is live, since when, how it fares, and what else runs."""
    from fream_compose.status import lines
    from fream_compose.status import status as look

    with edge("status", output) as run, opened(context.obj) as (project, proxy):
        found = look(project, proxy)
        run.done(found.to_json(), "\n".join(lines(found, datetime.now(UTC))))
