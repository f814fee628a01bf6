"""fream status: what is live and what is out of order, once or again and again."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO, cast

import typer

from fream_compose.cli.options import Output, OutputOption
from fream_compose.cli.project import find, history, opened
from fream_compose.cli.session import Run, seconds_of, session
from fream_compose.errors import ConfigurationError, FreamError, InterruptedRun
from fream_compose.report import Tolerant
from fream_compose.text import clean, encodable

if TYPE_CHECKING:
    from pathlib import Path

    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.watch import Frame

commands = typer.Typer()


_SHORTEST = 0.2  # seconds between two looks; each asks Docker


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
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what is live and what is out of order.

    Since when, how it fares, and what else runs; with --watch, under traffic. Exits with 0
    only if users are served, or nothing was ever released; with 7 when nginx does not serve,
    with 6 when the live set is not healthy.
    """
    with session("status", output) as run, _or_outline(run, context.obj) as (project, proxy):
        from fream_compose.cli.views.status import lines
        from fream_compose.operations.status import status as look

        if watch:
            from fream_compose.operations.watch import Watch

            seconds = max(seconds_of("--interval", interval), _SHORTEST)
            looks = Watch(project, proxy, history(context.obj))
            with closing(looks), _screen(output) as show, _until_ctrl_c():
                for frame in looks.frames(seconds, count, run.interruption.wait):
                    show(frame)
        else:
            found = look(project, proxy)
            text = "\n".join(lines(found, datetime.now(UTC)))
            if not found.fault:
                run.done(found.to_json(), text)
                return
            run.report.note(text)
            found.fault.result = found.to_json()
            raise found.fault


def _import_status() -> None:
    """Import what takes a while, while Compose reads the project."""
    import fream_compose.operations.status  # noqa: F401


@contextmanager
def _or_outline(run: Run, given: "Path | None") -> "Iterator[tuple[Project, Proxy]]":
    """The project; when its settings cannot be read, what nginx and Docker say all the same."""
    directory, unreadable = find(given), None
    try:
        with opened(given, _import_status) as found:
            yield found
    except ConfigurationError as error:
        unreadable = error
    if unreadable:
        _outline(run, directory, unreadable)


def _outline(run: Run, directory: "Path", error: ConfigurationError) -> NoReturn:
    from fream_compose.cli.views.status import outline_lines
    from fream_compose.operations.outline import outline

    try:
        seen = outline(directory)
    except FreamError:
        raise error from None
    for line in outline_lines(seen):
        run.report.note(line)
    run.failed(error, seen.to_json())
    raise SystemExit(error.exit_code)


@contextmanager
def _screen(output: Output) -> "Iterator[Callable[[Frame], None]]":
    """Where a watch is shown: in place at a terminal, else a line for each look."""
    from fream_compose.cli.views.watch import plain, view

    if output is Output.TEXT and sys.stdout.isatty():
        from rich.console import Console
        from rich.live import Live

        screen = Console(file=cast(TextIO, Tolerant(sys.stdout)))
        with Live(console=screen, auto_refresh=False) as live:
            yield lambda frame: live.update(view(frame), refresh=True)
    else:
        # A reader that is gone ends the watch, unlike a run that changes something.
        yield lambda frame: _say(_as_json(frame) if output is Output.JSON else clean(plain(frame)))


def _say(text: str) -> None:
    print(encodable(text, sys.stdout.encoding or "utf-8"), flush=True)


@contextmanager
def _until_ctrl_c() -> Iterator[None]:
    try:
        yield
    except InterruptedRun as interrupted:
        if interrupted.exit_code != 128 + signal.SIGINT:
            raise


def _as_json(frame: "Frame") -> str:
    envelope = {"ok": True, "command": "status", "result": frame.to_json()}
    return json.dumps(envelope, default=str)
