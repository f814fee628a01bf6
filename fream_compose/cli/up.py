"""fream up: start what outlives releases."""

from typing import Annotated

import typer

from fream_compose.cli.options import Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session
from fream_compose.cli.views.release import as_json

commands = typer.Typer()


@commands.command()
def up(
    context: typer.Context,
    profiles: Annotated[
        list[str] | None, typer.Argument(help="infra, or the live set. Default: all that is live.")
    ] = None,
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Restart MySQL or nginx if its settings changed.")
    ] = False,
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Start MySQL and nginx, and return when both answer."""
    from fream_compose.operations import infra
    from fream_compose.operations.diagnosis import Fault
    from fream_compose.operations.recovery import Recovery

    with (
        session("up", output) as run,
        opened(context.obj) as (project, proxy),
        run.locked(project, wait),
    ):
        state = infra.up(run.context(project, proxy), tuple(profiles or ()), recreate)
        live = state.live
        if live is None and not profiles:
            recovery = Recovery(run.context(project, proxy))
            live = recovery.repair(only=[Fault.LOST]).live
        serves = live.version.short if live else "nothing yet: fream switch --version …"
        run.done(
            {"live": as_json(live), "urls": project.settings.http_urls},
            f"Ready at {', '.join(project.settings.http_urls)}; live: {serves}",
        )
