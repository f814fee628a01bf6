"""fream completion: what makes a shell complete fream."""

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.session import session

commands = typer.Typer()


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
    with session("completion", output) as run:
        script = files("fream_compose.cli").joinpath("shells", f"fream.{shell}").read_text("utf-8")
        run.done({"shell": shell, "script": script}, script.removesuffix("\n"))
