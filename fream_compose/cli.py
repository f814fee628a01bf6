"""The command line: the only place that prints results or exits."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fream_compose import __version__
from fream_compose.errors import ConfigurationError, FreamError, UsageError
from fream_compose.interruption import Interruption, LeaveNow, interruption
from fream_compose.report import PlainReport, Report, RichReport

if TYPE_CHECKING:
    from fream_compose.project import Project
    from fream_compose.proxy import Proxy

HELP = """Release new versions of an app on Docker Compose without dropping a request.

One server, two sets (set1 and set2), nginx in front. A release starts in the set that is idle;
when it is healthy, nginx sends new requests there, the old set finishes what it has accepted,
and goes. Whatever fails before that moment is undone, and the old release never stopped serving.

    fream up infra                  start MySQL and nginx
    fream switch --version 1.0.1    release a version
    fream status                    what is live, and what is out of order
    fream recover                   put right what an interrupted run left
    fream down                      stop and remove everything, keep the data
"""
EPILOG = (
    "Exit codes: 0 done; 1 a bug; 2 usage; 3 configuration; 4 another run is at work; "
    "5 Docker or the image failed; 6 never healthy; 7 nginx refused; 9 state uncertain; "
    "129, 130, 143 interrupted. After every code but 9 the app serves as it did before."
)

app = typer.Typer(
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="text for people, json for programs.")
]
WaitOption = Annotated[
    str, typer.Option("--wait", help="Wait so long for another run to end, such as 10m.")
]


@app.callback(invoke_without_command=True)
def main_options(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--project-directory",
            "-C",
            envvar="FREAM_PROJECT_DIR",
            show_envvar=False,
            help="Where the project is; else the current folder or a parent. [FREAM_PROJECT_DIR]",
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"fream {__version__}")
        raise typer.Exit
    context.obj = directory
    if context.invoked_subcommand is None:
        raise typer.Exit(2)


@app.command()
def up(
    context: typer.Context,
    profiles: Annotated[
        list[str] | None, typer.Argument(help="infra, or the live set. Default: all that is live.")
    ] = None,
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Start MySQL and nginx, and return when both answer."""
    from fream_compose import infra

    with (
        _edge("up", output) as run,
        _open(context.obj) as (project, proxy),
        run.locked(project, wait),
    ):
        state = infra.up(project, proxy, run.report, run.interruption, tuple(profiles or ()))
        serves = state.live.version.short if state.live else "nothing yet: fream switch --version …"
        run.done(
            {"live": _live(state.live), "urls": project.settings.http_urls},
            f"Ready at {', '.join(project.settings.http_urls)}; live: {serves}",
        )


@app.command()
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

    with _edge("switch", output) as run:
        wanted = Version.parse(version)
        with _open(context.obj) as (project, proxy), run.locked(project, wait):
            history = History(project.settings.state_directory / "history.jsonl")
            outcome = Switch(project, proxy, history, run.report, run.interruption).run(wanted)
        now, before = outcome.live, outcome.replaced
        for line in told(outcome.evidence, now.set):
            run.report.note(line)
        run.done(
            {
                "live": _live(now),
                "replaced": _live(before),
                "seconds": outcome.seconds,
                "evidence": outcome.evidence.to_json(),
            },
            f"{now.version.short} in {now.set} serves"
            + (f", in place of {before.version.short}" if before else "")
            + f"; {outcome.seconds:.1f}s",
        )


@app.command()
def recover(
    context: typer.Context, wait: WaitOption = "", output: OutputOption = Output.TEXT
) -> None:
    """Put right what an interrupted run, a crash or a hand left out of order."""
    from fream_compose.recovery import Recovery

    with _edge("recover", output) as run, _open(context.obj) as (project, proxy):
        with run.locked(project, wait):
            recovery = Recovery(project, proxy, run.report, run.interruption, time.monotonic)
            live = recovery.put_right().live
        mended = list(run.report.seconds)
        text = "Everything is in order" if mended else "Everything was in order"
        serves = f"{live.version.short} in {live.set} serves" if live else "nothing is live"
        run.done({"live": _live(live), "mended": mended}, f"{text}; {serves}")


@app.command()
def status(context: typer.Context, output: OutputOption = Output.TEXT) -> None:
    """Show what is live, since when, how it fares, and what else runs."""
    from fream_compose.status import lines
    from fream_compose.status import status as look

    with _edge("status", output) as run, _open(context.obj) as (project, proxy):
        found = look(project, proxy)
        run.done(found.to_json(), "\n".join(lines(found, datetime.now(UTC))))


@app.command()
def down(
    context: typer.Context,
    volumes: Annotated[bool, typer.Option("--volumes", help="Remove the data too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: WaitOption = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Stop and remove everything of the project. The data stays unless you say --volumes."""
    from fream_compose import infra

    with (
        _edge("down", output) as run,
        _open(context.obj) as (project, _),
        run.locked(project, wait),
    ):
        if volumes and not yes:
            _confirm(f"Remove the volumes of {project.settings.project}, with all data?")
        infra.down(project, run.report, volumes)
        kept = "the data is gone" if volumes else "the data is kept; `fream up` brings it back"
        run.done({"volumes_removed": volumes}, f"Everything is stopped; {kept}")


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("Nobody is here to ask", question, next_step="Say --yes if you mean it")
    if not typer.confirm(question, err=True):
        raise UsageError("Nothing was removed", "The question was answered with no")


class _Run:
    """One run of a command: how it reports, and how it ends."""

    def __init__(self, command: str, output: Output, state: Interruption) -> None:
        self.command = command
        self.interruption = state
        self.report = _report(output)
        self._json = output is Output.JSON

    @contextmanager
    def locked(self, project: "Project", wait: str = "") -> Iterator[None]:
        """Hold the project: one run at a time. wait: a duration, such as 10m."""
        from fream_compose import lock
        from fream_compose.settings import duration

        try:
            seconds = duration(wait).total_seconds() if wait else 0.0
        except ValueError as error:
            raise UsageError("--wait is not valid", str(error)) from error
        command = " ".join(["fream", *sys.argv[1:]])
        path = project.settings.state_directory / "lock"
        with lock.hold(path, command, seconds, self.interruption.wait):
            yield

    def done(self, result: dict[str, Any], text: str) -> None:
        """Print the result."""
        if self._json:
            print(json.dumps({"ok": True, "command": self.command, "result": result}, default=str))
        else:
            print(text)

    def failed(self, error: FreamError) -> None:
        """Print what failed, why, what serves, and what to do next."""
        if self._json:
            print(json.dumps({"ok": False, "command": self.command, "error": _fields(error)}))
        print("\n".join(_explained(error)), file=sys.stderr)


@contextmanager
def _edge(command: str, output: Output) -> Iterator[_Run]:
    """Where errors become messages and exit codes."""
    with interruption() as state:
        run = _Run(command, output, state)
        try:
            yield run
        except FreamError as error:
            run.failed(error)
            raise typer.Exit(error.exit_code) from error
        except LeaveNow as left:
            print("left at once; `fream status` tells what is left", file=sys.stderr)
            raise typer.Exit(left.exit_code) from left


def _fields(error: FreamError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "exit_code": error.exit_code,
        "what": error.what,
        "why": error.why,
        "logs": error.logs,
        "serving": error.serving,
        "next_step": error.next_step,
    }


def _explained(error: FreamError) -> list[str]:
    told = [f"error: {error.what}"]
    told += [f"  why      {line}" for line in error.why.splitlines()[:1]]
    told += [f"           {line}" for line in error.why.splitlines()[1:]]
    told += [f"  log      {line}" for line in error.logs]
    told += [f"  serving  {error.serving}"] if error.serving else []
    told += [f"  next     {error.next_step}"] if error.next_step else []
    return told


def _report(output: Output) -> Report:
    stream = sys.stdout if output is Output.TEXT else sys.stderr
    if not stream.isatty():
        return PlainReport(out=stream)
    from rich.console import Console

    return RichReport(Console(file=stream))


@contextmanager
def _open(given: Path | None) -> "Iterator[tuple[Project, Proxy]]":
    from fream_compose.project import open_project
    from fream_compose.proxy import Proxy

    project = open_project(_find(given))
    settings = project.settings
    control = f"http://127.0.0.1:{settings.control_port}"
    container, directory = settings.nginx_container, settings.nginx_directory
    yield project, Proxy(project, container, directory, control, time.monotonic)


def _find(given: Path | None) -> Path:
    """The folder of compose.yaml: in the folder that was named, or the current one and up."""
    start = (given or Path.cwd()).absolute()
    for folder in [start] if given else [start, *start.parents]:
        for place in (folder / "compose", folder):
            if (place / "compose.yaml").is_file() and (place / "infra.yaml").is_file():
                return place
    raise ConfigurationError(
        f"There is no fream project in {start}" + ("" if given else " or its parents"),
        "A project has compose/compose.yaml and compose/infra.yaml",
        next_step="cd into the project, or name it with -C or FREAM_PROJECT_DIR",
    )


def _live(live: Any) -> dict[str, Any] | None:
    return None if live is None else {**asdict(live), "version": str(live.version)}


def main(arguments: Callable[[], None] = app) -> None:
    """The entry point of the `fream` command."""
    # Compose would print its own progress into ours.
    os.environ.setdefault("COMPOSE_PROGRESS", "quiet")
    arguments()
