"""fream up: start what outlives releases."""

from dataclasses import asdict
from typing import Annotated

import typer

from fream_compose.cli.options import ByOption, NoteOption, Output, OutputOption, WaitOption
from fream_compose.cli.project import opened
from fream_compose.cli.session import session
from fream_compose.cli.views.release import as_json

commands = typer.Typer()


@commands.command()
def up(
    context: typer.Context,
    profiles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROFILE]...", help="infra, or the live set. Default: all that is live."
        ),
    ] = None,
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Restart MySQL or nginx if its settings changed.")
    ] = False,
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Start MySQL and nginx, and return when both answer.

    With HTTPS it also waits, for two minutes at most, until each host was tried for a
    certificate. What is set and not in force yet is said, with the command that puts it in force.
    """
    from fream_compose.operations import infra
    from fream_compose.operations.diagnosis import Fault
    from fream_compose.operations.drift import pending
    from fream_compose.operations.recovery import Recovery
    from fream_compose.operations.snapshot import take_snapshot

    with (
        session("up", output, by, note) as run,
        opened(context.obj) as (read, _),
        run.locked(read, wait) as (project, proxy),
    ):
        state = infra.up(run.context(project, proxy), tuple(profiles or ()), recreate)
        live = state.live
        if live is None and not profiles:
            recovery = Recovery(run.context(project, proxy))
            live = recovery.repair(only=[Fault.LOST]).live
        serves = live.version.short if live else "nothing yet: fream switch --version …"
        seen = take_snapshot(project, proxy)
        drift = pending(project, proxy, seen)
        for each in drift:
            run.report.warn(f"not in force: {each.summary}")
        # Where nginx really is: a port that was edited since is none yet.
        settings = project.settings
        urls = (*settings.https_urls, *(seen.http_urls or settings.http_urls))
        told = {"live": as_json(live), "urls": urls, "drift": [asdict(each) for each in drift]}
        run.done(told, f"Ready at {', '.join(urls)}; live: {serves}")
