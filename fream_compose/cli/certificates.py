"""fream certificates: which hosts have HTTPS, how long for, and getting new ones now."""

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import looked_at, opened
from fream_compose.cli.session import session
from fream_compose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fream_compose.operations.certificates import HostCertificate

commands = typer.Typer()


class Action(StrEnum):
    """What can be asked for."""

    LIST = "list"
    RENEW = "renew"


@commands.command()
def certificates(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.LIST,
    hosts: Annotated[
        list[str] | None, typer.Argument(metavar="[HOST]...", help="Of TLS_HOSTS. [all]")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Renew also what is good for long.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the certificates of HTTPS, or get new ones now.

    They are renewed by themselves, long before they expire; `renew` does not wait for that, and
    takes a certificate of your own (TLS_CERTIFICATE, TLS_KEY) as its files are now. No request
    is cut, and nginx is not reloaded. Where one fails, the one before stays, and it exits with 5.
    """
    from fream_compose.cli.views.certificates import lines
    from fream_compose.operations import https
    from fream_compose.operations.keeper import Keeper, failure

    with session("certificates", output) as run:
        if action is Action.LIST:
            if force or hosts:
                raise UsageError("--force and HOST go with renew", next_step="fream certificates")
            with looked_at(context.obj, run.warn_of_unreadable) as (project, proxy):
                run.reject_foreign(project)
                is_on = project.settings.switch.tls.hosts
                rows = Keeper(run.context(project, proxy)).look() if is_on else ()
            run.done(_as_json(rows), "\n".join(lines(rows)))
            return
        with opened(context.obj) as (project, proxy):
            run.reject_foreign(project)
            rows = https.renew(run.context(project, proxy), hosts or (), force)
        if error := failure(rows):
            error.result = _as_json(rows)
            raise error
        run.done(_as_json(rows), "\n".join(lines(rows)))


def _as_json(rows: "Sequence[HostCertificate]") -> dict[str, Any]:
    return {"certificates": [asdict(row) for row in rows]}
