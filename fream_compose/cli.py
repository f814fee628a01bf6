"""The command line: with `commands`, the only place that prints results or exits."""

import os
from typing import Annotated

import typer

from fream_compose import __version__
from fream_compose.commands import (
    adopt,
    care,
    edge,
    infra,
    inside,
    look,
    maintenance,
    release,
    setup,
    shared,
    shell,
)
from fream_compose.commands.shared import DirectoryOption, QuietOption, VerboseOption

HELP = """Release new versions of an app on Docker Compose without dropping a request.

One server, two sets (set1 and set2), nginx in front. A release starts in the idle set; once it
is healthy, nginx sends new requests there, and the old set finishes its own and goes. What fails
until then is taken back.

\b
    fream init shop                 set up a project for your own app
    fream up infra                  start MySQL and nginx
    fream switch --version 1.0.1    release a version
    fream status                    what is live, and what is out of order
    fream recover                   put right what an interrupted run left
    fream down                      stop and remove everything, keep the data
    fream adopt                     go on in a folder that the project was moved to
"""
EPILOG = (
    "Exit codes: 0 done; 1 a bug; 2 usage; 3 configuration; 4 another run is at work; "
    "5 Docker or the image failed; 6 never healthy; 7 nginx refused; 8 taken back "
    "after the cut-over, or aborted; 9 state uncertain; 10 nothing to roll back "
    "to; 11 released, but users fare worse; 129, 130, 143 interrupted. After every code but 9 "
    "and 11 the app serves as it did before."
)

app = typer.Typer(
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main_options(
    context: typer.Context,
    project_directory: DirectoryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    edge.preferences.quiet = False
    shared.heed(context, project_directory, quiet, verbose)
    if version:
        print(f"fream {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(2)


for module in (release, infra, look, inside, care, setup, shell, maintenance, adopt):
    app.add_typer(shared.with_shared_options(module.commands))


def main() -> None:
    """The entry point of the `fream` command."""
    # Compose would print its own progress into ours.
    os.environ.setdefault("COMPOSE_PROGRESS", "quiet")
    if shell.COMPLETE_VARIABLE in os.environ:
        shell.learn_shells()
    app()
