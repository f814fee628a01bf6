"""fream switch, fream recover: what is live."""

import time
from typing import Annotated

import typer

from fream_compose.commands.edge import Output, OutputOption, WaitOption, as_json, edge, opened

commands = typer.Typer()


@commands.command()
def switch(
    context: typer.Context,
    version: Annotated[
        str, typer.Option("--version", "-v", help="Image tag, sha256:… digest, or TAG@DIGEST.")
    ],
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Release a version: start it, check it, cut over, drain and remove the old one."""
    from fream_compose.evidence import told
    from fream_compose.history import History
    from fream_compose.release import Version
    from fream_compose.switch import Switch

    with edge("switch", output) as run:
        wanted = Version.parse(version)
        with opened(context.obj) as (project, proxy), run.locked(project, wait):
            history = History(project.settings.state_directory / "history.jsonl")
            outcome = Switch(project, proxy, history, run.report, run.interruption).run(wanted)
        now, before = outcome.live, outcome.replaced
        for line in told(outcome.evidence, now.set):
            run.report.note(line)
        run.done(
            {
                "live": as_json(now),
                "replaced": as_json(before),
                "seconds": outcome.seconds,
                "evidence": outcome.evidence.to_json(),
            },
            f"{now.version.short} in {now.set} serves"
            + (f", in place of {before.version.short}" if before else "")
            + f"; {outcome.seconds:.1f}s",
        )


@commands.command()
def recover(
    context: typer.Context, wait: WaitOption = "", output: OutputOption = Output.TEXT
) -> None:
    """Put right what an interrupted run, a crash or a hand left out of order."""
    from fream_compose.recovery import Recovery

    with edge("recover", output) as run, opened(context.obj) as (project, proxy):
        with run.locked(project, wait):
            recovery = Recovery(project, proxy, run.report, run.interruption, time.monotonic)
            live = recovery.put_right().live
        mended = list(run.report.seconds)
        text = "Everything is in order" if mended else "Everything was in order"
        serves = f"{live.version.short} in {live.set} serves" if live else "nothing is live"
        run.done({"live": as_json(live), "mended": mended}, f"{text}; {serves}")
