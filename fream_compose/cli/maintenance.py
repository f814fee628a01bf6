"""fream maintenance: turn users away for a while."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from fream_compose.cli.options import ByOption, NoteOption, Output, OutputOption, WaitOption
from fream_compose.cli.project import looked_at
from fream_compose.cli.session import session
from fream_compose.errors import UsageError

commands = typer.Typer()


class Action(StrEnum):
    """What can be asked for."""

    ON = "on"
    OFF = "off"
    STATUS = "status"


@commands.command()
def maintenance(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.STATUS,
    message: Annotated[
        str, typer.Option("--message", "-m", help="What users read: one line of plain text.")
    ] = "",
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", help="An address or network (CIDR) that passes. Repeatable."),
    ] = None,
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Close the app to users, with a page of your own.

    They get 503, Retry-After and nginx/pages/maintenance.html.

    No request in flight is cut; `on` returns when they are answered. It outlives restarts and
    `fream switch`, until `off`. `on` with other options replaces what was said before.

    --allow compares the address that nginx sees. A client on this server itself appears as
    the gateway of the Docker network; behind a load balancer everyone appears as that,
    unless a file in nginx/site.d/ sets real_ip_header and set_real_ip_from.
    """
    from fream_compose.nginx.maintenance import summary, to_json
    from fream_compose.operations.maintenance import change, current, wanted
    from fream_compose.release import new_switch_id

    with session("maintenance", output, by, note) as run:
        if action is not Action.ON and (message or allow):
            raise UsageError("--message and --allow go with on", next_step="fream maintenance on")
        identifier = new_switch_id(datetime.now(UTC))
        request = wanted(identifier, message, allow or ()) if action is Action.ON else None
        with looked_at(context.obj, run.warn_of_unreadable) as (project, proxy):
            changed = False
            if action is not Action.STATUS:
                with run.locked(project, wait) as (held, asked):
                    settings = held.settings.switch
                    changed = change(asked, request, settings, run.report, run.interruption)
            else:
                run.warn_of_foreign(project)
            found = current(proxy)
            run.done({"changed": changed, **to_json(found)}, summary(found))
