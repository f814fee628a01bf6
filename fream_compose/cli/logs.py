"""fream logs: what a container printed, as Docker prints it, or what was kept of one."""

import sys
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import looked_at, state
from fream_compose.cli.reports import github
from fream_compose.cli.session import session
from fream_compose.cli.shortcut import LINES, SINCE, lines_of
from fream_compose.docker.reads import become_log
from fream_compose.errors import UsageError

if TYPE_CHECKING:
    from fream_compose.project.state import StateFolder

commands = typer.Typer()


@commands.command()
def logs(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="[SERVICE]", help="live, idle, set1, set2, nginx, mysql or another service."
        ),
    ] = "live",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print what comes, too.")] = False,
    since: Annotated[
        str, typer.Option("--since", help="From then on: 10m, or 2026-11-23T16:00:00.")
    ] = "",
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", min=0, help=f"Last lines. [{LINES}; with --since: all]"),
    ] = None,
    of: Annotated[
        str,
        typer.Option("--of", metavar="ID", help="What a release printed that was taken back."),
    ] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the log of the live set, or of another container.

    With --of the whole log of a release that was taken back; fream history has the ids.
    """
    from fream_compose.operations import targets

    with session("logs", output) as run:
        if of:
            if follow or since or name != "live":
                raise UsageError("--of goes with --tail alone", next_step=f"fream logs --of {of}")
            _print_kept(state(context.obj), of, tail)
            return
        with looked_at(context.obj, run.warn_of_unreadable) as (project, proxy):
            run.warn_of_foreign(project)
            _reject_no_moment(since)
            found = targets.container(project, proxy, name, targets.services(project))
            become_log(found.name, lines_of(tail, since), since, follow)


def _print_kept(folder: "StateFolder", wanted: str, tail: int | None) -> None:
    """Print a log that was kept, byte by byte; to a runner of GitHub without its commands.

    Raises UsageError where there is none.
    """
    from fream_compose.project.history import find

    entry = find(folder.history.read().entries, wanted)
    path = folder.logs.path(entry.log)
    if path is None:
        gone = "Only those of the last 20 releases that were taken back are kept"
        why = gone if entry.log else "Nothing was taken back that had printed anything"
        again = f"fream history show {entry.short_id}"
        raise UsageError(f"There is no log of {entry.short_id}", why, next_step=again)
    sys.stdout.flush()
    with path.open("rb") as file:
        for line in file if tail is None else deque(file, maxlen=tail):
            told = github.fit(line.decode("utf-8", "surrogateescape"))
            sys.stdout.buffer.write(told.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _reject_no_moment(since: str) -> None:
    if not since or SINCE.fullmatch(since):
        return
    try:
        datetime.fromisoformat(since)
    except ValueError as error:
        raise UsageError(
            f"--since {since} is not a moment", "Write 10m, 1h30m or 2026-11-23T16:00:00"
        ) from error
