"""fream recover: repair what an interrupted run left."""

from typing import Annotated

import typer

from fream_compose.cli.options import ByOption, NoteOption, Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import seconds_of, session
from fream_compose.cli.views.release import as_json

commands = typer.Typer()


@commands.command()
def recover(
    context: typer.Context,
    after: Annotated[str, typer.Option("--after", help="Wait so long first.", hidden=True)] = "",
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Repair what a crash or a change by hand left out of order.

    The same is done before each switch. `fream status` says what it would be.
    """
    from fream_compose.operations.diagnosis import Fault
    from fream_compose.operations.recovery import Recovery

    with session("recover", output, by, note) as run:
        run.interruption.wait(seconds_of("--after", after))
        with (
            opened(context.obj) as (read, _),
            run.locked(read, wait) as (project, proxy),
        ):
            recovery = Recovery(run.context(project, proxy))
            seen = recovery.repair(only=[Fault.IDLE_SET]) if after else recovery.recover()
        live = seen.live
        mended = list(run.report.seconds)
        text = "Everything is in order" if mended else "Everything was in order"
        serves = f"{live.version.short} in {live.set} serves" if live else "nothing is live"
        run.done({"live": as_json(live), "mended": mended}, f"{text}; {serves}")
