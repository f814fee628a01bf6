"""fream switch, rollback, promote, abort, recover: what is live."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fream_compose.commands.edge import (
    Output,
    OutputOption,
    Run,
    SwitchOutput,
    SwitchOutputOption,
    WaitOption,
    as_json,
    edge,
    opened,
    seconds_of,
)
from fream_compose.commands.shell import versions
from fream_compose.errors import FreamError, UsageError, WorseError

if TYPE_CHECKING:
    from fream_compose.plan import Wish
    from fream_compose.project import Project
    from fream_compose.proxy import Proxy
    from fream_compose.switch import Outcome

commands = typer.Typer()

KeepWarmOption = Annotated[
    str, typer.Option("--keep-warm", help="Keep the old set running so long, such as 30m.")
]

SkipHooksOption = Annotated[
    bool, typer.Option("--skip-hooks", help="Run none of your own commands: for an emergency.")
]


@commands.command()
def switch(
    context: typer.Context,
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="VERSION",
            help="Image tag, sha256:… digest, or TAG@DIGEST.",
            autocompletion=versions,
        ),
    ] = None,
    option: Annotated[
        str | None,
        typer.Option("--version", "-v", help="The same, by name.", autocompletion=versions),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Stop before the cut-over, for promote or abort.")
    ] = False,
    keep_warm: KeepWarmOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    skip_hooks: SkipHooksOption = False,
    wait: WaitOption = "",
    output: SwitchOutputOption = SwitchOutput.TEXT,
) -> None:
    """Release a version without dropping a request.

    It starts in the idle set, is checked on its own port and through nginx, and takes
    over in one confirmed moment; then the old set is drained and removed. What fails
    before that moment is undone.
    """
    from fream_compose.release import Version

    with edge("switch", output) as run:
        wanted = Version.parse(_one_of(word, option))
        warm = _duration(keep_warm)
        with opened(context.obj, _import_switch) as (project, proxy):
            from fream_compose.plan import Wish

            wish = Wish(wanted, hold, warm, skip_hooks=skip_hooks)
            if dry_run:
                run.reject_foreign(project)
                _dry_run(run, project, proxy, wish)
                return
            with run.locked(project, wait):
                _switch(run, project, proxy, wish)


@commands.command()
def rollback(
    context: typer.Context,
    to: Annotated[
        str, typer.Option("--to", help="A version that was live before.", autocompletion=versions)
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
        edge("rollback", output) as run,
        opened(context.obj, _import_switch) as (project, proxy),
        run.locked(project, wait),
    ):
        from fream_compose.history import Kind, history_of
        from fream_compose.observe import observe
        from fream_compose.plan import Wish
        from fream_compose.rollback import target

        live = observe(project, proxy).live
        entries = history_of(project.settings).entries()
        version = target(entries, live.version if live else None, to)
        keep = _duration(keep_warm)
        wish = Wish(version, keep_warm=keep, kind=Kind.ROLLBACK, skip_hooks=skip_hooks)
        _switch(run, project, proxy, wish)


@commands.command()
def promote(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Let a switch that is held go on to its cut-over, and wait for its end.

    Ends with the exit code of the switch. Ctrl-C stops only the waiting.
    """
    from fream_compose.decision import promote as decide

    with edge("promote", output) as run, opened(context.obj) as (project, _):
        run.reject_foreign(project)
        said = decide(project.settings.state_directory, run.report, run.interruption)
        run.done(said.to_json(), str(said))


@commands.command()
def abort(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Have a switch that is held undo what it did, and wait until it has.

    Ends with 0 when it was undone as asked, else with the exit code of the switch.
    """
    from fream_compose.decision import abort as decide

    with edge("abort", output) as run, opened(context.obj) as (project, _):
        run.reject_foreign(project)
        said = decide(project.settings.state_directory, run.report, run.interruption)
        run.done(said.to_json(), str(said))


@commands.command()
def recover(
    context: typer.Context,
    after: Annotated[str, typer.Option("--after", help="Wait so long first.", hidden=True)] = "",
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Put right what a crash or a hand left out of order.

    The same is done before each switch. `fream status` says what it would be.
    """
    from fream_compose.plan import Mend
    from fream_compose.recovery import Recovery

    with edge("recover", output) as run:
        run.interruption.wait(seconds_of("--after", after))
        with opened(context.obj) as (project, proxy), run.locked(project, wait):
            recovery = Recovery(project, proxy, run.report, run.interruption, time.monotonic)
            seen = recovery.put_right(only=[Mend.IDLE_SET]) if after else recovery.recover()
        live = seen.live
        mended = list(run.report.seconds)
        text = "Everything is in order" if mended else "Everything was in order"
        serves = f"{live.version.short} in {live.set} serves" if live else "nothing is live"
        run.done({"live": as_json(live), "mended": mended}, f"{text}; {serves}")


def _one_of(word: str | None, option: str | None) -> str:
    """The version, given either way. Raises UsageError."""
    given = {text for text in (word, option) if text is not None}
    if not given:
        raise UsageError("No version was given", next_step="fream switch VERSION")
    if len(given) == 2:
        raise UsageError(f"{word} and --version {option} differ", next_step="Give one of them")
    return given.pop()


def _import_switch() -> None:
    from fream_compose import docker, switch  # noqa: F401

    docker.preload()


def _switch(run: Run, project: "Project", proxy: "Proxy", wish: "Wish") -> None:
    from fream_compose.evidence_view import compared, told
    from fream_compose.history import history_of
    from fream_compose.switch import Switch

    history = history_of(project.settings)
    outcome = Switch(project, proxy, history, run.report, run.interruption).run(wish)
    if outcome.kept_warm:
        _recover_later(project.settings.compose_directory, outcome.kept_warm)
    for line in told(outcome.evidence, outcome.live.set):
        run.report.note(line)
    if outcome.worse:
        error = _worse(outcome, compared(outcome.evidence, outcome.live.set))
        error.result = _result(outcome, run.report.warnings)
        raise error
    now, before = outcome.live, outcome.replaced
    run.done(
        _result(outcome, run.report.warnings),
        f"{now.version.short} in {now.set} serves"
        + (f", in place of {before.version.short}" if before else "")
        + f"; {outcome.seconds:.1f}s",
    )


def _result(outcome: "Outcome", warnings: list[str]) -> dict[str, Any]:
    return {
        "live": as_json(outcome.live),
        "replaced": as_json(outcome.replaced),
        "seconds": outcome.seconds,
        "evidence": outcome.evidence.to_json(),
        "warnings": warnings,
    }


def _worse(outcome: "Outcome", rates: str) -> FreamError:
    """The release was made, but its users fare worse."""
    error = WorseError(
        f"{outcome.live.version.short} is released, and users fare worse on it",
        rates,
        next_step="fream rollback" if outcome.replaced else "fream logs live",
    )
    error.serving = f"{outcome.live.version.short} in {outcome.live.set}"
    return error


def _dry_run(run: Run, project: "Project", proxy: "Proxy", wish: "Wish") -> None:
    from fream_compose.dry_run import dry_run

    found = dry_run(project, proxy, wish)
    text = "\n".join([*found.lines(), "Nothing was changed"])
    if not found.obstacles:
        run.done(found.to_json(), text)
        return
    run.report.note(text)
    error = found.obstacles[0]
    error.result = found.to_json()
    raise error


def _recover_later(directory: Path, delay: timedelta) -> None:
    """Have the warm set removed when its time is over, by a process of its own."""
    command = [sys.executable, "-m", "fream_compose", "-C", str(directory), "recover"]
    # Nothing that the run holds may stay open: a CI job waits for its pipes to close.
    subprocess.Popen(
        [*command, "--after", f"{delay.total_seconds():.0f}s", "--wait", "1h"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _duration(text: str) -> timedelta | None:
    seconds = seconds_of("--keep-warm", text)
    return timedelta(seconds=seconds) if seconds else None
