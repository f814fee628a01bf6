"""fream doctor, fream prune: what keeps a server well."""

from dataclasses import asdict
from typing import Annotated

import typer

from fream_compose.commands.edge import Output, OutputOption, WaitOption, edge, find, named, opened
from fream_compose.errors import ConfigurationError

commands = typer.Typer()


@commands.command()
def doctor(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Check the server and the project.

    And say what to do about what is wrong. Exits with 3 when something would stop a release.
    """
    from fream_compose.doctor.examination import examine
    from fream_compose.doctor.finding import failing, lines, summary

    given = context.obj
    with edge("doctor", output) as run:
        findings = examine(lambda: find(given), named(given) is not None, lambda: opened(given))
        for line in lines(findings):
            run.report.note(line)
        result = {"findings": [asdict(finding) for finding in findings]}
        if not failing(findings):
            run.done(result, summary(findings))
            return
        run.failed(ConfigurationError(summary(findings)), result)
        raise typer.Exit(ConfigurationError.exit_code)


@commands.command()
def prune(
    context: typer.Context,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help="Of how many releases. Default: x-fream.retain."),
    ] = None,
    unreleased: Annotated[
        bool, typer.Option("--unreleased", help="Also images that were never released here.")
    ] = False,
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove the images of past releases.

    But for the last few, and what is in use.
    """
    from fream_compose.history import history_of
    from fream_compose.prune import prune as remove

    with edge("prune", output) as run, opened(context.obj) as (project, _):
        with run.locked(project, wait):
            count = keep or project.settings.switch.retain
            history = history_of(project.settings)
            pruned = remove(project, history, run.report, count, unreleased)
        run.done(pruned.to_json(), str(pruned))
