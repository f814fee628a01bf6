"""fream plugin, fream completion: how fream is called."""

from enum import StrEnum
from typing import Annotated

import typer

from fream_compose.commands.edge import Output, OutputOption, edge, find
from fream_compose.errors import FreamError

commands = typer.Typer()
plugin = typer.Typer(no_args_is_help=True)
commands.add_typer(plugin, name="plugin")

# How a shell asks: the name is Typer's rule.
COMPLETE_VARIABLE = "_FREAM_COMPLETE"
SystemOption = Annotated[bool, typer.Option("--system", help="For every user of this server.")]


@plugin.callback()
def docker_fream() -> None:
    """Have Docker run fream as `docker fream`."""


@plugin.command("install")
def install(system: SystemOption = False, output: OutputOption = Output.TEXT) -> None:
    """Let Docker run this fream as `docker fream`."""
    from fream_compose import plugin as shim

    with edge("plugin install", output) as run:
        shim.install(shim.path(system))
        path = str(shim.path(system))
        run.done({"path": path}, f"{path} is written: try `docker fream status`")


@plugin.command("uninstall")
def uninstall(system: SystemOption = False, output: OutputOption = Output.TEXT) -> None:
    """Remove what `fream plugin install` wrote."""
    from fream_compose import plugin as shim

    with edge("plugin uninstall", output) as run:
        removed = shim.uninstall(shim.path(system))
        path = str(shim.path(system))
        told = f"{path} is removed" if removed else f"There was no {path}"
        run.done({"path": path, "removed": removed}, told)


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
    from typer._completion_shared import get_completion_script

    with edge("completion", output) as run:
        script = get_completion_script(
            prog_name="fream", complete_var=COMPLETE_VARIABLE, shell=shell
        )
        run.done({"shell": shell, "script": script}, script)


def learn_shells() -> None:
    """Have Typer answer every shell; it does so by itself only with options of its own."""
    from typer._completion_classes import completion_init

    completion_init()


def versions(context: typer.Context, incomplete: str) -> list[str]:
    """The versions to complete."""
    from fream_compose.completion import versions as known

    root = context.find_root()
    given = (each.params.get("project_directory") for each in (context, root))
    try:
        directory = find(next(filter(None, given), None))
    except FreamError:
        return []
    return [version for version in known(directory) if version.startswith(incomplete)]
