"""fream completion: what makes a shell complete fream."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType
from typing import Annotated, NoReturn

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import find
from fream_compose.cli.session import session
from fream_compose.errors import FreamError, UsageError
from fream_compose.release import Version

commands = typer.Typer()

# How a shell asks: the name is Typer's rule.
COMPLETE_VARIABLE = "_FREAM_COMPLETE"
_SECONDS = 3.0  # nobody waits longer for TAB


class Shell(StrEnum):
    """The shells that can complete fream's command line."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@commands.command()
def completion(
    shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what makes a shell complete fream.

    For example in ~/.bashrc:
    eval "$(fream completion bash)"
    """
    # Typer has no public way to this: pyproject.toml bounds its version for it.
    from typer._completion_shared import get_completion_script

    with session("completion", output) as run:
        script = get_completion_script(
            prog_name="fream", complete_var=COMPLETE_VARIABLE, shell=shell
        )
        run.done({"shell": shell, "script": script}, script)


def learn_shells() -> None:
    """Have Typer answer every shell; it does so by itself only with options of its own."""
    from typer._completion_classes import completion_init

    completion_init()


@contextmanager
def silently() -> Iterator[None]:
    """While a shell completes: an end after a few seconds, and no word of what fails."""

    def give_up(_signum: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(1)

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise SystemExit(1) from None


def known_versions(context: typer.Context, incomplete: str) -> list[str]:
    """The versions to complete; a shell may split, expand or even run what is none."""
    from fream_compose.operations.versions import versions

    root = context.find_root()
    given = (each.params.get("project_directory") for each in (context, root))
    try:
        directory = find(next(filter(None, given), None))
    except FreamError:
        return []
    found = versions(directory)
    return [text for text in found if text.startswith(incomplete) and _is_version(text)]


def _is_version(text: str) -> bool:
    try:
        return bool(Version.parse(text))
    except UsageError:
        return False
