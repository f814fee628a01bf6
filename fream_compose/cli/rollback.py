"""fream rollback: go back to the release before."""

from typing import Annotated

import typer

from fream_compose.cli.completion import known_versions
from fream_compose.cli.options import (
    KeepWarmOption,
    SkipHooksOption,
    SwitchOutput,
    SwitchOutputOption,
    WaitOption,
)
from fream_compose.cli.project import opened
from fream_compose.cli.release import import_switch, keep_warm_of, release
from fream_compose.cli.session import session

commands = typer.Typer()


@commands.command()
def rollback(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Option("--to", help="A version that was live before.", autocompletion=known_versions),
    ] = "",
    keep_warm: KeepWarmOption = "",
    skip_hooks: SkipHooksOption = False,
    wait: WaitOption = "",
    output: SwitchOutputOption = SwitchOutput.TEXT,
) -> None:
    """Go back to the release before; once more, and further back.

    From its pinned digest, by the same careful switch; at once when its set was kept warm.
    Hooks that run in the release are left out, unless they say on_rollback: true.
    """
    with (
        session("rollback", output) as run,
        opened(context.obj, import_switch) as (project, proxy),
        run.locked(project, wait),
    ):
        from fream_compose.operations.plan import SwitchRequest
        from fream_compose.operations.rollback import target
        from fream_compose.operations.snapshot import take_snapshot
        from fream_compose.project.history import Kind

        live = take_snapshot(project, proxy).live
        entries = project.settings.state.history.entries()
        version = target(entries, live.version if live else None, to)
        keep = keep_warm_of(keep_warm)
        request = SwitchRequest(version, keep_warm=keep, kind=Kind.ROLLBACK, skip_hooks=skip_hooks)
        release(run, project, proxy, request)
