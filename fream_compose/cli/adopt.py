"""fream adopt: go on in a folder that the project was moved to."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fream_compose.cli.options import Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session
from fream_compose.cli.views.release import as_json

commands = typer.Typer()


@commands.command()
def adopt(
    context: typer.Context,
    given: Annotated[
        Path | None,
        typer.Option("--from", help="The folder to take over from, if it holds the project still."),
    ] = None,
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Take the project over after its folder was moved here.

    The app's containers run on. MySQL and nginx are started anew, with this folder's files:
    a few seconds in which users get no answer. The data stays.
    """
    with (
        session("adopt", output) as run,
        opened(context.obj) as (read, _),
        run.locked(read, wait, adopts=True) as (project, proxy),
    ):
        from fream_compose.operations.adoption import adopt as take_over

        found = take_over(run.context(project, proxy), given)
        places = " and ".join(found.folders)
        text = f"{', '.join(found.containers)} taken over from {places}"
        run.done(
            {**asdict(found), "live": as_json(found.live)},
            text if found.containers else "Everything belongs to this folder already",
        )
