"""fream rollback: go back to the release before."""

from typing import Annotated

import typer

from fream_compose.cli.options import (
    ByOption,
    KeepWarmOption,
    NoteOption,
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
        typer.Option("--to", metavar="VERSION", help="A version that was live before."),
    ] = "",
    force: Annotated[
        bool,
        typer.Option("--force", help="Also where a release says there is no way back behind it."),
    ] = False,
    keep_warm: KeepWarmOption = "",
    skip_hooks: SkipHooksOption = False,
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: SwitchOutputOption = SwitchOutput.TEXT,
) -> None:
    """Go back to the release before; once more, and further back.

    From its pinned digest, by the same careful switch; at once when its set was kept warm.
    Hooks that run in the release are left out, unless they say `on: [release, rollback]`.
    Refused where a release has said that there is no way back behind it, unless forced.
    """
    with (
        session("rollback", output, by, note) as run,
        opened(context.obj, import_switch) as (read, _),
        run.locked(read, wait) as (project, proxy),
    ):
        from fream_compose.operations.live_images import contents_of
        from fream_compose.operations.plan import SwitchRequest
        from fream_compose.operations.rollback import target
        from fream_compose.operations.snapshot import take_snapshot
        from fream_compose.project.entry import Kind
        from fream_compose.release import Version

        live = take_snapshot(project, proxy).live
        entries = project.settings.state.history.entries()
        before = target(entries, live.version if live else None, to, force)
        request = SwitchRequest(
            Version.parse(before.version),
            keep_warm=keep_warm_of(keep_warm),
            kind=Kind.ROLLBACK,
            skip_hooks=skip_hooks,
            images=contents_of(project.settings, before),
        )
        release(run, project, proxy, request)
