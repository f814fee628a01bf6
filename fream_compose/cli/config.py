"""fream config: the settings in force, and where each comes from."""

import os

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session

commands = typer.Typer()


@commands.command()
def config(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Show the settings in force and their sources.

    As YAML; secrets are hidden.
    """
    from fream_compose.project.setting_sources import as_json, as_yaml, effective

    with session("config", output) as run, opened(context.obj) as (project, _):
        run.warn_of_foreign(project)

        def where(variable: str) -> str:
            if project.env.get(variable).strip("'\""):
                return ".env"
            return "shell" if os.environ.get(variable) else ""

        tree = effective(project.settings, project.compose.template(), where)
        run.done(as_json(tree), "\n".join(as_yaml(tree)))
