"""fream reload: nginx reads its files again."""

import typer

from fream_compose.cli.options import Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session

commands = typer.Typer()


@commands.command()
def reload(
    context: typer.Context,
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Have nginx read what was edited in nginx/, once it is tested.

    A switch reloads nothing, so that no connection ends; edits of site.d and http.d, and hosts
    that are new in TLS_HOSTS, take effect here; it waits until those were tried for a
    certificate. A reload ends HTTP/2 connections; requests in flight are answered.
    """
    from fream_compose.operations.reload import reload as operation

    with (
        session("reload", output) as run,
        opened(context.obj) as (read, _),
        run.locked(read, wait) as (project, proxy),
    ):
        live = operation(run.context(project, proxy))
        text = f"nginx has read its files; {live or 'nothing'} is live as before"
        run.done({"live": str(live or "")}, text)
