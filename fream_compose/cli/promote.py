"""fream promote, fream abort: decide on a switch that is held."""

import typer

from fream_compose.cli.options import ByOption, NoteOption, Output, OutputOption
from fream_compose.cli.project import looked_at
from fream_compose.cli.session import session

commands = typer.Typer()


@commands.command()
def promote(
    context: typer.Context,
    by: ByOption = "",
    note: NoteOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Let a switch that is held go on to its cut-over, and wait for its end.

    Ends with the exit code of the switch. Ctrl-C stops only the waiting.
    """
    from fream_compose.operations.promotion import promote as decide

    with (
        session("promote", output, by, note) as run,
        looked_at(context.obj, run.warn_of_unreadable) as (project, _),
    ):
        run.reject_foreign(project)
        said = decide(project.settings.state_directory, run.report, run.interruption)
        run.done(said.to_json(), str(said))


@commands.command()
def abort(
    context: typer.Context,
    by: ByOption = "",
    note: NoteOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Have a switch that is held undo what it did, and wait until it has.

    Ends with 0 when it was undone as asked, else with the exit code of the switch.
    """
    from fream_compose.operations.promotion import abort as decide

    with (
        session("abort", output, by, note) as run,
        looked_at(context.obj, run.warn_of_unreadable) as (project, _),
    ):
        run.reject_foreign(project)
        said = decide(project.settings.state_directory, run.report, run.interruption)
        run.done(said.to_json(), str(said))
