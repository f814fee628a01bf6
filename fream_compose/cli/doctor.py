"""fream doctor: what is wrong with the server and the project, and what to do about it."""

from dataclasses import asdict

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import find, named, opened
from fream_compose.cli.session import session
from fream_compose.errors import ConfigurationError

commands = typer.Typer()


@commands.command()
def doctor(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Check the server and the project.

    And say what to do about what is wrong. Exits with 3 when something would stop a release.
    """
    from fream_compose.doctor.examination import examine
    from fream_compose.doctor.finding import failing, summary, tell

    given = context.obj
    with session("doctor", output) as run:
        findings = examine(lambda: find(given), named(given) is not None, lambda: opened(given))
        tell(findings, run.report)
        result = {"findings": [asdict(finding) for finding in findings]}
        if not failing(findings):
            run.done(result, summary(findings))
            return
        run.failed(ConfigurationError(summary(findings)), result)
        raise SystemExit(ConfigurationError.exit_code)
