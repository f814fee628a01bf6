"""The options that commands share, and those that work before and after a command's name."""

import functools
import inspect
import logging
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fream_compose import times
from fream_compose.cli import session
from fream_compose.secrecy import hidden


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


class ReportOutput(StrEnum):
    """How a release is told: markdown for a chat or a ticket, html as one page."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


class SwitchOutput(StrEnum):
    """How a switch is told: jsonl prints each event as a line, the result last."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="text for people, json for programs.")
]
SwitchOutputOption = Annotated[
    SwitchOutput,
    typer.Option("--output", "-o", help="text, json, or jsonl: a line for each event."),
]
KeepWarmOption = Annotated[
    str, typer.Option("--keep-warm", help="Keep the old set running so long, such as 30m.")
]
SkipHooksOption = Annotated[
    bool, typer.Option("--skip-hooks", help="Run none of your own commands: for an emergency.")
]
WaitOption = Annotated[
    str, typer.Option("--wait", help="Wait so long for another run to end, such as 10m.")
]
ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who you are, for the history. [FREAM_BY]")
]
NoteOption = Annotated[
    str, typer.Option("--note", metavar="TEXT", help="What to know of this run. [FREAM_NOTE]")
]


DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--project-directory",
        "-C",
        metavar="DIR",
        help="Else FREAM_PROJECT_DIR, or found from here up.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say only how it ended.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Say what Docker is asked.")]
TimestampsOption = Annotated[
    bool, typer.Option("--timestamps", help="In a log: begin each line with its time, in UTC.")
]
UtcOption = Annotated[bool, typer.Option("--utc", help="Tell times in UTC, not the server's zone.")]


def heed(
    context: typer.Context,
    project_directory: DirectoryOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    timestamps: TimestampsOption = False,
    utc: UtcOption = False,
) -> None:
    """Do as the options say; one that was not given leaves what an outer command was told."""
    context.obj = project_directory or context.obj
    session.preferences.quiet |= quiet
    session.preferences.verbose |= verbose
    session.preferences.timestamps |= timestamps
    if utc:
        times.use_utc(True)
    if verbose:
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        for handler in logging.getLogger().handlers:
            handler.setFormatter(_Discreet())
        for name in ("fream_compose", "python_on_whales"):
            logging.getLogger(name).setLevel(logging.DEBUG)


class _Discreet(logging.Formatter):
    """Without the values that `.env` keeps secret."""

    def format(self, record: logging.LogRecord) -> str:
        """The message of a record, as it may be shown."""
        return hidden(super().format(record))


_CONTEXT, *_OPTIONS = inspect.signature(heed).parameters.values()
# Those of commands that go on for a while, which are those that may have to wait for another.
_OF_RUNS = ("timestamps",)


def with_shared_options(commands: typer.Typer) -> typer.Typer:
    """The same commands, and all inside them, each with the shared options after its own."""
    if (own := commands.registered_callback) and own.callback:
        own.callback = _heeding(own.callback)
    for command in commands.registered_commands:
        command.callback = _heeding(command.callback) if command.callback else None
    for group in commands.registered_groups:
        if group.typer_instance:
            with_shared_options(group.typer_instance)
    return commands


def _heeding(function: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(function, eval_str=True)
    own = [each for each in signature.parameters.values() if each.name != _CONTEXT.name]
    runs = "wait" in signature.parameters
    shared = [option for option in _OPTIONS if runs or option.name not in _OF_RUNS]

    @functools.wraps(function)
    def command(context: typer.Context, **values: Any) -> Any:
        heed(context, **{option.name: values.pop(option.name) for option in shared})
        if _CONTEXT.name in signature.parameters:
            values[_CONTEXT.name] = context
        return function(**values)

    parameters = [_CONTEXT, *own, *shared]
    # Typer reads the options of a command from the signature of its function.
    vars(command)["__signature__"] = signature.replace(
        parameters=[each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    )
    return command
