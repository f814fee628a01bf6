"""fream plugin: have Docker run fream as `docker fream`."""

from typing import Annotated

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.session import session

commands = typer.Typer()
plugin = typer.Typer(no_args_is_help=True)
commands.add_typer(plugin, name="plugin")


SystemOption = Annotated[bool, typer.Option("--system", help="For every user of this server.")]


@plugin.callback()
def docker_fream() -> None:
    """Have Docker run fream as `docker fream`."""


@plugin.command("install")
def install(system: SystemOption = False, output: OutputOption = Output.TEXT) -> None:
    """Let Docker run this fream as `docker fream`."""
    from fream_compose.setup import plugin as shim

    with session("plugin install", output) as run:
        shim.install(shim.path(system))
        path = str(shim.path(system))
        run.done({"path": path}, f"{path} is written: try `docker fream status`")


@plugin.command("uninstall")
def uninstall(system: SystemOption = False, output: OutputOption = Output.TEXT) -> None:
    """Remove what `fream plugin install` wrote."""
    from fream_compose.setup import plugin as shim

    with session("plugin uninstall", output) as run:
        removed = shim.uninstall(shim.path(system))
        path = str(shim.path(system))
        told = f"{path} is removed" if removed else f"There was no {path}"
        run.done({"path": path, "removed": removed}, told)
