"""The command line: its commands, and what holds for all of them."""

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Annotated

import typer

from fream_compose import __version__
from fream_compose.cli import completion, options, session
from fream_compose.cli.options import DirectoryOption, QuietOption, VerboseOption

HELP = """Release new versions of an app on Docker Compose without dropping a request.

One server, two sets (set1 and set2), nginx in front. A release starts in the idle set; once it
is healthy, nginx sends new requests there, and the old set finishes its own and goes. What fails
until then is taken back.

\b
    fream init shop                 set up a project for your own app
    fream up infra                  start MySQL and nginx
    fream switch --version 1.0.1    release a version
    fream status                    what is live, and what is out of order
    fream recover                   repair what an interrupted run left
    fream down                      stop and remove everything, keep the data
"""
EPILOG = (
    "Exit codes: 0 done; 1 a bug; 2 usage; 3 configuration; 4 another run is at work; "
    "5 Docker or the image failed; 6 never healthy; 7 nginx refused; 8 taken back "
    "after the cut-over, or aborted; 9 state uncertain; 10 nothing to roll back "
    "to; 11 released, but users fare worse; 129, 130, 143 interrupted. After every code but 9 "
    "and 11 the app serves as it did before."
)

# As `fream --help` lists them; each is a module here.
COMMANDS = (
    *("switch", "rollback", "promote", "recover", "up", "down", "status", "history", "config"),
    *("logs", "exec", "reload", "doctor", "prune", "init", "plugin", "completion"),
    *("maintenance", "adopt"),
)


def app(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line. commands: those it knows; each takes a while to import."""
    made = typer.Typer(
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback(invoke_without_command=True)(main_options)
    for name in commands:
        made.add_typer(_command(name))
    return made


@cache
def _command(name: str) -> typer.Typer:
    module = import_module(f"fream_compose.cli.{name}")
    return options.with_shared_options(module.commands)


def main_options(
    context: typer.Context,
    project_directory: DirectoryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    session.preferences.quiet = False
    options.heed(context, project_directory, quiet, verbose)
    if version:
        print(f"fream {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(2)


def main() -> None:
    """The entry point of the `fream` command."""
    # Compose would print its own progress into ours.
    os.environ.setdefault("COMPOSE_PROGRESS", "quiet")
    # Settings are read by no plugin of other packages, and pydantic would look for one in each.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if completion.COMPLETE_VARIABLE in os.environ:
        completion.learn_shells()
        with completion.silently():
            app()()
    named = [word for word in sys.argv[1:2] if word in COMMANDS]
    app(named or COMMANDS)()
