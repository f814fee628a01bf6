"""fream completion: what makes a shell complete fream."""

from enum import StrEnum
from typing import Annotated

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import find
from fream_compose.cli.session import session
from fream_compose.errors import FreamError

commands = typer.Typer()

# How a shell asks: the name is Typer's rule.
COMPLETE_VARIABLE = "_FREAM_COMPLETE"


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


def known_versions(context: typer.Context, incomplete: str) -> list[str]:
    """The versions to complete."""
    from fream_compose.operations.versions import versions

    root = context.find_root()
    given = (each.params.get("project_directory") for each in (context, root))
    try:
        directory = find(next(filter(None, given), None))
    except FreamError:
        return []
    return [version for version in versions(directory) if version.startswith(incomplete)]
