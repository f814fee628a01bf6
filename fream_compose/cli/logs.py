"""fream logs: what a container printed, as Docker prints it."""

from datetime import datetime
from typing import Annotated

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session
from fream_compose.cli.shortcut import LINES, SINCE, lines_of
from fream_compose.docker.reads import become_log
from fream_compose.errors import UsageError

commands = typer.Typer()


@commands.command()
def logs(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="live, idle, set1, set2, nginx, mysql or another service.")
    ] = "live",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print what comes, too.")] = False,
    since: Annotated[
        str, typer.Option("--since", help="From then on: 10m, or 2026-11-23T16:00:00.")
    ] = "",
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", min=0, help=f"Last lines. [{LINES}; with --since: all]"),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the log of the live set, or of another container."""
    from fream_compose.operations import targets

    with session("logs", output) as run, opened(context.obj) as (project, proxy):
        run.warn_of_foreign(project)
        _reject_no_moment(since)
        found = targets.container(project, proxy, name, targets.services(project))
        become_log(found.name, lines_of(tail, since), since, follow)


def _reject_no_moment(since: str) -> None:
    if not since or SINCE.fullmatch(since):
        return
    try:
        datetime.fromisoformat(since)
    except ValueError as error:
        raise UsageError(
            f"--since {since} is not a moment", "Write 10m, 1h30m or 2026-11-23T16:00:00"
        ) from error
