"""fream status, history, config: look, change nothing."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from fream_compose.commands.edge import (
    Output,
    OutputOption,
    Run,
    edge,
    find,
    opened,
    seconds_of,
)
from fream_compose.errors import ConfigurationError, FreamError, InterruptedRun

if TYPE_CHECKING:
    from pathlib import Path

    from fream_compose.history import History
    from fream_compose.project import Project
    from fream_compose.proxy import Proxy
    from fream_compose.watch import Frame

_SHORTEST = 0.2  # seconds between two looks; each asks Docker

commands = typer.Typer()
history = typer.Typer()
commands.add_typer(history, name="history")


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
    from fream_compose.status import lines
    from fream_compose.status import status as look

    with edge("status", output) as run, _or_outline(run, context.obj) as (project, proxy):
        if watch:
            from fream_compose.watch import Watch

            seconds = max(seconds_of("--interval", interval), _SHORTEST)
            looks = Watch(project, proxy, _history(context.obj))
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


@contextmanager
def _or_outline(run: Run, given: "Path | None") -> "Iterator[tuple[Project, Proxy]]":
    """The project; when its settings cannot be read, what nginx and Docker say all the same."""
    directory, unreadable = find(given), None
    try:
        with opened(given) as found:
            yield found
    except ConfigurationError as error:
        unreadable = error
    if unreadable:
        _outline(run, directory, unreadable)


def _outline(run: Run, directory: "Path", error: ConfigurationError) -> NoReturn:
    from fream_compose.outline import lines, outline

    try:
        seen = outline(directory)
    except FreamError:
        raise error from None
    for line in lines(seen):
        run.report.note(line)
    run.failed(error, seen.to_json())
    raise typer.Exit(error.exit_code)


@contextmanager
def _screen(output: Output) -> "Iterator[Callable[[Frame], None]]":
    """Where a watch is shown: in place at a terminal, else a line for each look."""
    from fream_compose.watch_view import plain, view

    if output is Output.TEXT and sys.stdout.isatty():
        from rich.live import Live

        with Live(auto_refresh=False) as live:
            yield lambda frame: live.update(view(frame), refresh=True)
    else:
        # A reader that is gone ends the watch, unlike a run that changes something.
        yield lambda frame: print(
            _as_json(frame) if output is Output.JSON else plain(frame), flush=True
        )


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


@history.callback(invoke_without_command=True)
def releases(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, at most.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what was released when and by whom.

    And how it ended; the newest last.
    """
    if context.invoked_subcommand:
        return
    from fream_compose.history_view import table

    with edge("history", output) as run:
        log = _history(context.obj).read()
        shown = log.entries[-limit:]
        text = table(shown) if shown else ["Nothing was released yet"]
        if log.passed_over:
            text.append(f"{log.passed_over} lines of the history could not be read")
        entries = [asdict(entry) for entry in shown]
        run.done({"entries": entries, "passed_over": log.passed_over}, "\n".join(text))


@history.command()
def show(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="An id, or its beginning.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one release in full: each step's duration, why it failed, the evidence."""
    from fream_compose.history import find as entry_of
    from fream_compose.history_view import details

    with edge("history show", output) as run:
        entry = entry_of(_history(context.obj).entries(), wanted)
        run.done(asdict(entry), "\n".join(details(entry)))


def _history(given: "Path | None") -> "History":
    """The history, without asking Compose, which would take longer than all the rest."""
    from fream_compose.history import History
    from fream_compose.settings import STATE

    return History(find(given) / STATE / "history.jsonl")


@commands.command()
def config(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Show the settings in force and their sources.

    As YAML; secrets are hidden.
    """
    from fream_compose.effective import as_json, as_yaml, effective

    with edge("config", output) as run, opened(context.obj) as (project, _):
        run.warn_of_foreign(project)

        def where(variable: str) -> str:
            if project.env.get(variable).strip("'\""):
                return ".env"
            return "shell" if os.environ.get(variable) else ""

        tree = effective(project.settings, project.template(), where)
        run.done(as_json(tree), "\n".join(as_yaml(tree)))
