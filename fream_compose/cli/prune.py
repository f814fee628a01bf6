"""fream prune: remove the images of past releases."""

from typing import Annotated

import typer

from fream_compose.cli.options import ByOption, NoteOption, Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session

commands = typer.Typer()


@commands.command()
def prune(
    context: typer.Context,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help="Of how many releases. Default: x-fream.retain."),
    ] = None,
    unreleased: Annotated[
        bool, typer.Option("--unreleased", help="Also images that were never released here.")
    ] = False,
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove the images of past releases.

    But for the last few, and what is in use.
    """
    from fream_compose.operations.prune import prune as remove

    with session("prune", output, by, note) as run, opened(context.obj) as (read, _):
        with run.locked(read, wait) as (project, proxy):
            count = keep or project.settings.switch.retain
            pruned = remove(run.context(project, proxy), count, unreleased)
        run.done(pruned.to_json(), str(pruned))
