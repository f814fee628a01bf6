"""The command line: its commands, and what holds for all of them."""

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Annotated

import typer

from fream_compose import __version__, times
from fream_compose.cli import options, session
from fream_compose.cli.options import DirectoryOption, QuietOption, UtcOption, VerboseOption
from fream_compose.cli.usage import Commands

HELP = """Release new versions of an app on Docker Compose without dropping a request.

One takes over once it is healthy; what fails until then is undone.

\b
    fream init shop                 set up a project for your own app
    fream up infra                  start MySQL and nginx
    fream switch --version 1.0.1    release a version
    fream status                    what is live, and what is out of order

More about each of them: docs/commands.md and docs/settings.md.
"""
EPILOG = (
    "Exit codes: 0 done; 1 a bug; 2 usage; 3 configuration; 4 another run is at work; 5 Docker or "
    "an image; 6 never healthy; 7 nginx refused; 8 taken back, or aborted; 9 state uncertain; "
    "10 no way back; 11 released, but users fare worse; 129, 130, 143 interrupted. After all but "
    "9 and 11 the app serves as before."
)

# As `fream --help` lists them; each is a module here.
COMMANDS = (
    *("switch", "rollback", "promote", "recover", "up", "down", "status", "history", "config"),
    *("logs", "exec", "reload", "doctor", "prune", "init", "plugin", "completion"),
    *("maintenance", "certificates", "adopt"),
)


def app(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line. commands: those it knows; each takes a while to import."""
    made = typer.Typer(
        cls=Commands,
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
    utc: UtcOption = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    told = session.preferences
    told.quiet = told.verbose = told.timestamps = False
    times.use_utc(False)
    options.heed(context, project_directory, quiet, verbose, utc=utc)
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
    named = [word for word in sys.argv[1:2] if word in COMMANDS]
    app(named or COMMANDS)()
