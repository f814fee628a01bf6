"""fream switch: release a version."""

from typing import TYPE_CHECKING, Annotated

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
from fream_compose.cli.session import Run, session
from fream_compose.errors import UsageError

if TYPE_CHECKING:
    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.plan import SwitchRequest

commands = typer.Typer()


@commands.command()
def switch(
    context: typer.Context,
    word: Annotated[
        str | None,
        typer.Argument(metavar="VERSION", help="Image tag, sha256:… digest, or TAG@DIGEST."),
    ] = None,
    option: Annotated[
        str | None,
        typer.Option("--version", "-v", metavar="VERSION", help="The same, by name."),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Stop before the cut-over, for promote or abort.")
    ] = False,
    keep_warm: KeepWarmOption = "",
    no_way_back: Annotated[
        str,
        typer.Option(
            "--no-way-back",
            metavar="REASON",
            help="Have rollback refuse what was before: why it cannot serve again.",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    skip_hooks: SkipHooksOption = False,
    by: ByOption = "",
    note: NoteOption = "",
    wait: WaitOption = "",
    output: SwitchOutputOption = SwitchOutput.TEXT,
) -> None:
    """Release a version without dropping a request.

    It starts in the idle set, is checked on its own port and through nginx, and takes
    over in one confirmed moment; then the old set is drained and removed. What fails
    before that moment is undone.
    """
    from fream_compose.release import Version

    with session("switch", output, by, note) as run:
        wanted = Version.parse(_one_of(word, option))
        warm = keep_warm_of(keep_warm)
        with opened(context.obj, import_switch) as (project, proxy):
            from fream_compose.operations.plan import SwitchRequest

            request = SwitchRequest(
                wanted, hold, warm, skip_hooks=skip_hooks, no_way_back=no_way_back
            )
            if dry_run:
                run.reject_foreign(project)
                _dry_run(run, project, proxy, request)
                return
            with run.locked(project, wait) as (current, asked):
                release(run, current, asked, request)


def _one_of(word: str | None, option: str | None) -> str:
    """The version, given either way. Raises UsageError."""
    given = {text for text in (word, option) if text is not None}
    if not given:
        raise UsageError("No version was given", next_step="fream switch VERSION")
    if len(given) == 2:
        raise UsageError(f"{word} and --version {option} differ", next_step="Give one of them")
    return given.pop()


def _dry_run(run: Run, project: "Project", proxy: "Proxy", request: "SwitchRequest") -> None:
    from fream_compose.operations.dry_run import dry_run

    found = dry_run(project, proxy, request)
    text = "\n".join([*found.lines(), "Nothing was changed"])
    if not found.obstacles:
        run.done(found.to_json(), text)
        return
    run.report.note(text)
    error = found.obstacles[0]
    error.result = found.to_json()
    raise error
