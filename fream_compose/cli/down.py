"""fream down: stop and remove everything of a project."""

from typing import TYPE_CHECKING, Annotated

import typer

from fream_compose.cli.options import ByOption, NoteOption, Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.prompts import at_terminal, confirm, confirm_name
from fream_compose.cli.session import session
from fream_compose.errors import UsageError

if TYPE_CHECKING:
    from fream_compose.docker.project import Project

commands = typer.Typer()


@commands.command()
def down(
    context: typer.Context,
    volumes: Annotated[bool, typer.Option("--volumes", help="Remove the data too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    name: Annotated[
        str, typer.Option("--project", help="The project whose data goes, where nothing runs.")
    ] = "",
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Stop and remove everything of the project. The data stays unless you say --volumes."""
    from fream_compose.operations import infra

    with (
        session("down", output, by, note) as run,
        opened(context.obj) as (read, _),
        run.locked(read, wait) as (project, _),
    ):
        _ask(project, volumes, yes, name)
        infra.down(project, run.report, volumes)
        kept = "its volumes are gone" if volumes else "the data is kept; `fream up` brings it back"
        run.done({"volumes_removed": volumes}, f"Everything is stopped; {kept}")


def _ask(project: "Project", volumes: bool, yes: bool, name: str) -> None:
    """Ask before users or data lose something. Raises UsageError for no."""
    mine, containers = project.settings.project, project.containers.all()
    if name not in ("", mine):
        raise UsageError(f"This project is {mine}, not {name}")
    data = f"the volumes of {mine}, with all data" if volumes else ""
    if volumes and not containers:
        # No container is left that could tell whose the data is.
        if not name:
            again = f"fream down --volumes --project {mine}, if you mean it"
            confirm_name(f"Type {mine} to remove {data}", mine, again)
        return
    sets = [c for c in containers if c.state == "running" and project.settings.set_of(c.service)]
    if yes or not (volumes or (sets and at_terminal())):
        return
    users = f"Users lose {' and '.join(c.name for c in sets)}, which runs. " if sets else ""
    confirm(f"{users}Remove {data or f'every container of {mine}'}?")
