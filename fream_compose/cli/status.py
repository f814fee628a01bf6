"""fream status: what is live and what is out of order, once or again and again."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from fream_compose.cli.colour import draws
from fream_compose.cli.ending import unsaid
from fream_compose.cli.form import form_of
from fream_compose.cli.machine import succeeded
from fream_compose.cli.project import find, history, looked_at, state
from fream_compose.cli.reports import github
from fream_compose.cli.reports.stream import Tolerant
from fream_compose.cli.session import Run, preferences, seconds_of, session
from fream_compose.errors import ConfigurationError, FreamError, InterruptedRun, UsageError
from fream_compose.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.status import Status
    from fream_compose.operations.watch import Frame
    from fream_compose.project.history import History
    from fream_compose.project.state import StateFolder

commands = typer.Typer()


_SHORTEST = 0.2  # seconds between two looks; each asks Docker


class StatusOutput(StrEnum):
    """How a status is printed."""

    TEXT = "text"
    JSON = "json"
    PROMETHEUS = "prometheus"


@commands.command()
def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again and again.")] = False,
    interval: Annotated[
        str, typer.Option("--interval", help="Between two looks; at least 200ms.")
    ] = "1s",
    count: Annotated[
        int, typer.Option("--count", min=0, help="End after so many looks. [0: never]")
    ] = 0,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 0 for well, 1 degraded, 2 down.")
    ] = False,
    output: Annotated[
        StatusOutput,
        typer.Option("--output", "-o", help="text, json, or prometheus for node exporter."),
    ] = StatusOutput.TEXT,
) -> None:
    """Show whether users are served, what is live and what is out of order.

    First a verdict, with what users get through nginx, and what mends it; with --watch, all of
    it under traffic. Exits with 0 only if users are served, or nothing was ever released, or
    the app is closed on purpose; with 7 when nginx does not serve, with 6 when the live set is
    not healthy. As metrics, and with --exit-code, that is told otherwise.
    """
    # What cannot be looked at at all is no metric: it is told to people.
    told_as = "json" if output is StatusOutput.JSON else "text"
    with session("status", told_as) as run:
        if watch and (exit_code or output is StatusOutput.PROMETHEUS):
            raise UsageError("--watch goes neither with --exit-code nor with metrics")
        with _or_outline(run, context.obj, output, exit_code) as (project, proxy):
            if watch:
                seconds = max(seconds_of("--interval", interval), _SHORTEST)
                _watch(run, (project, proxy, history(context.obj)), seconds, count, output)
                return
            from fream_compose.operations.status import status as look

            found = look(project, proxy)
            failure = found.fault or project.unreadable
            if output is StatusOutput.PROMETHEUS:
                _print_metrics(found, state(context.obj))
            else:
                _print(run, found, failure, output)
            if exit_code:
                raise SystemExit(found.verdict.level.exit_code)
            if failure and output is not StatusOutput.PROMETHEUS:
                raise SystemExit(failure.exit_code)


def _print(run: Run, found: "Status", failure: FreamError | None, output: StatusOutput) -> None:
    from fream_compose.cli.views.status import lines, verdict

    if output is StatusOutput.JSON and failure is None:
        run.done(found.to_json(), "")
        return
    if output is StatusOutput.TEXT:
        form = form_of(sys.stdout)
        quiet = preferences.quiet
        told = verdict(found.verdict, found.project, form) if quiet else None
        _say("\n".join(told or lines(found, datetime.now(UTC), form)))
    # At a terminal the first line has said what is wrong.
    if failure and (output is StatusOutput.JSON or not sys.stdout.isatty()):
        run.failed(failure, found.to_json())


def _print_metrics(found: "Status", folder: "StateFolder") -> None:
    from fream_compose.cli.views.prometheus import metrics

    last = None
    with suppress(ConfigurationError):
        ended = (e for e in reversed(folder.seen().entries) if e.of_release and e.set and e.ended)
        last = next(ended, None)
    _say(metrics(found, last).removesuffix("\n"))


def _import_status() -> None:
    """Import what takes a while, while Compose reads the project."""
    import fream_compose.operations.status  # noqa: F401


@contextmanager
def _or_outline(
    run: Run, given: "Path | None", output: StatusOutput, by_level: bool
) -> "Iterator[tuple[Project, Proxy]]":
    """The project; when its settings cannot be read, what nginx and Docker say all the same."""
    directory, unreadable, found = find(given), None, None
    try:
        with looked_at(given, lambda _: None, _import_status) as found:
            yield found
    except ConfigurationError as error:
        if found and not found[0].unreadable:
            raise  # of what was looked at, not of the settings
        unreadable = error
    if unreadable:
        if output is StatusOutput.PROMETHEUS:
            raise unreadable
        _outline(run, directory, unreadable, output, by_level)


def _outline(
    run: Run, directory: "Path", error: ConfigurationError, output: StatusOutput, by_level: bool
) -> NoReturn:
    from fream_compose.cli.views.status import outline_lines
    from fream_compose.operations.outline import outline

    try:
        seen = outline(directory)
    except FreamError:
        raise error from None
    if output is StatusOutput.TEXT:
        _say("\n".join(outline_lines(seen, form_of(sys.stdout))))
    run.failed(error, seen.to_json())
    raise SystemExit(seen.verdict.level.exit_code if by_level else error.exit_code)


def _watch(
    run: Run,
    whose: "tuple[Project, Proxy, History]",
    every: float,
    count: int,
    output: StatusOutput,
) -> None:
    """Look again and again. every: seconds."""
    from fream_compose.cli.views.watch import plain, screen
    from fream_compose.operations.watch import Watch

    with closing(Watch(*whose)) as looks, _until_ctrl_c():
        pause = run.interruption.wait
        if output is StatusOutput.TEXT and draws(sys.stdout):
            from fream_compose.cli.full_screen import full_screen

            with full_screen(pause) as taken:
                for frame in looks.frames(every, count, taken.wait):
                    taken.show(partial(screen, frame, every=every))
            return
        # A reader that is gone ends the watch, unlike a run that changes something.
        for frame in looks.frames(every, count, pause):
            _say(_as_json(frame) if output is StatusOutput.JSON else clean(plain(frame)))


def _say(text: str) -> None:
    """Print. Raises BrokenPipeError, and ConfigurationError for what else keeps it from it."""
    try:
        print(Tolerant(sys.stdout).fitted(github.fit(text)), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unsaid(error) from error


@contextmanager
def _until_ctrl_c() -> Iterator[None]:
    try:
        yield
    except InterruptedRun as interrupted:
        if interrupted.exit_code != 128 + signal.SIGINT:
            raise


def _as_json(frame: "Frame") -> str:
    return json.dumps(succeeded("status", frame.to_json()), default=str)
