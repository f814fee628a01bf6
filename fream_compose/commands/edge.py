"""What every command shares: its options, how it opens the project, and how it ends."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from fream_compose.errors import (
    ConfigurationError,
    EngineError,
    FreamError,
    InterruptedRun,
    LockedError,
    UsageError,
)
from fream_compose.interruption import Interruption, LeaveNow, interruption
from fream_compose.report import JsonlReport, PlainReport, Report, RichReport, Tolerant

if TYPE_CHECKING:
    from fream_compose.project import Project
    from fream_compose.proxy import Proxy
    from fream_compose.release import Live
    from fream_compose.state import Notes


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


class SwitchOutput(StrEnum):
    """How a switch is told: jsonl prints each event as a line, the result last."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="text for people, json for programs.")
]
SwitchOutputOption = Annotated[
    SwitchOutput,
    typer.Option("--output", "-o", help="text, json, or jsonl: a line for each event."),
]
WaitOption = Annotated[
    str, typer.Option("--wait", help="Wait so long for another run to end, such as 10m.")
]


class Run:
    """One run of a command: how it reports, and how it ends."""

    def __init__(self, command: str, output: str, state: Interruption) -> None:
        self.command = command
        self.interruption = state
        self.report = _report(output)
        self._json = output != "text"
        self._told = ""

    @contextmanager
    def locked(self, project: "Project", wait: str = "", adopts: bool = False) -> Iterator[None]:
        """Hold the project, which must be this folder's: one run at a time.

        wait: a duration, such as 10m. adopts: whether the run takes over another folder's.
        """
        from fream_compose import lock
        from fream_compose.state import Notes

        seconds = seconds_of("--wait", wait)
        command = " ".join(["fream", *sys.argv[1:]])
        folder = project.settings.state_directory
        notes = Notes(folder)
        try:
            with lock.hold(folder, command, seconds, self.interruption.wait):
                self.reject_foreign(project, adopts)
                # Nobody else runs, so nothing is held: a note of it was left by a killed run.
                notes.release()
                with self._on_record(notes, command):
                    if not adopts:
                        _remove_overdue(project, self)
                    yield
        except LockedError as error:
            if held := notes.held():
                error.why = f"{held}: {error.why}"
                error.next_step = "fream promote, or fream abort"
            raise

    @contextmanager
    def _on_record(self, notes: "Notes", command: str) -> Iterator[None]:
        """Note each step, and how the run ends, for whoever waits for it in another terminal."""
        progress = notes.begin(command)
        self.report.heard = lambda title: notes.follow(replace(progress, step=title))
        code = 0
        try:
            yield
        except BaseException as error:
            code = getattr(error, "exit_code", 1)
            if isinstance(error, FreamError):
                self._told = "\n".join(_explained(error))
            raise
        finally:
            self.report.heard = lambda _title: None
            notes.follow(replace(progress, exit_code=code, told=self._told))

    def reject_foreign(self, project: "Project", adopts: bool = False) -> None:
        """Raise ConfigurationError where this folder must not change what runs."""
        from fream_compose.ownership import refusal

        if error := refusal(project, adopts):
            raise error

    def warn_of_foreign(self, project: "Project") -> None:
        """Say whose it is that a command is about to show, where it is not this folder's."""
        from fream_compose.ownership import refusal

        # Without an engine the command itself says so, where it needs one.
        with suppress(EngineError):
            if error := refusal(project):
                _print(f"notice: {error.what}\n        {error.next_step}", sys.stderr)

    def done(self, result: dict[str, Any], text: str) -> None:
        """Print the result."""
        self._told = text
        envelope = {"ok": True, "command": self.command, "result": result}
        _print(json.dumps(envelope, default=str) if self._json else text)

    def failed(self, error: FreamError, result: dict[str, Any] | None = None) -> None:
        """Print what failed, why, what serves, and what to do next.

        result: what was found out all the same.
        """
        if self._json:
            envelope = {"ok": False, "command": self.command, "error": _fields(error)}
            _print(json.dumps(envelope | ({"result": result} if result else {}), default=str))
        headline, *rest = _explained(error)
        _print("\n".join([_red(headline), *rest]), sys.stderr)


@dataclass
class Preferences:
    """How much is said; set from the options of a command."""

    quiet: bool = False


preferences = Preferences()


@contextmanager
def edge(command: str, output: str) -> Iterator[Run]:
    """Where errors become messages and exit codes."""
    with interruption() as state:
        run = Run(command, output, state)
        try:
            yield run
        except FreamError as error:
            run.failed(error, error.result)
            raise typer.Exit(error.exit_code) from error
        except LeaveNow as left:
            _print("left at once; `fream status` tells what is left", sys.stderr)
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


def _red(text: str) -> str:
    """In red for a person at a terminal who has not said NO_COLOR."""
    plain = not sys.stderr.isatty() or os.environ.get("NO_COLOR")
    return text if plain else f"\033[1;31m{text}\033[0m"


def _print(text: str, stream: TextIO | None = None) -> None:
    print(text, file=Tolerant(stream or sys.stdout), flush=True)


def seconds_of(option: str, text: str) -> float:
    """The seconds of an option such as --wait; zero for an empty text. Raises UsageError."""
    from fream_compose.settings import duration

    try:
        return duration(text).total_seconds() if text else 0.0
    except ValueError as error:
        raise UsageError(f"{option} is not valid", str(error)) from error


def _report(output: str) -> Report:
    if output == "jsonl":
        return JsonlReport(out=sys.stdout)
    if preferences.quiet:
        return Report()
    stream = sys.stdout if output == "text" else sys.stderr
    if not stream.isatty():
        return PlainReport(out=stream)
    from rich.console import Console

    return RichReport(Console(file=stream))


def _import_the_rest() -> None:
    import fream_compose.proxy  # noqa: F401  # what every look at a project needs


@contextmanager
def opened(
    given: Path | None, meanwhile: Callable[[], None] = _import_the_rest
) -> "Iterator[tuple[Project, Proxy]]":
    """Read the project's settings. Raises ConfigurationError.

    meanwhile: imports that the command will need, made while Compose reads.
    """
    from fream_compose.project import open_project

    project = open_project(find(given), meanwhile)
    yield project, _proxy(project)


def _proxy(project: "Project") -> "Proxy":
    from fream_compose.proxy import Proxy

    settings = project.settings
    container, directory = settings.nginx_container, settings.nginx_directory
    return Proxy(project, container, directory, time.monotonic)


def named(given: Path | None) -> Path | None:
    """Where the operator says that the project is: with -C, or in the environment."""
    text = os.environ.get("FREAM_PROJECT_DIR")
    return given or (Path(text) if text else None)


def _remove_overdue(project: "Project", run: Run) -> None:
    """Remove the set that was kept warm, once its time is over; no command fails for it."""
    from fream_compose.state import Notes

    notes = Notes(project.settings.state_directory)
    if not (warm := notes.warm()) or warm.valid(datetime.now(UTC)):
        return
    from fream_compose.plan import Mend
    from fream_compose.recovery import Recovery

    recovery = Recovery(project, _proxy(project), run.report, run.interruption, time.monotonic)
    try:
        if warm.set not in recovery.put_right(only=[Mend.IDLE_SET]).occupied:
            notes.cool()
    except InterruptedRun:
        raise
    except FreamError as error:
        run.report.warn(f"{warm.set}, which was kept warm, is still there: {error}")


def find(given: Path | None) -> Path:
    """The folder of compose.yaml: in the folder that was named, or the current one and up."""
    given = named(given)
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


def as_json(live: "Live | None") -> dict[str, Any] | None:
    """A release as plain values."""
    return None if live is None else {**asdict(live), "version": str(live.version)}


def at_terminal() -> bool:
    """Whether somebody is there to ask."""
    return sys.stdin.isatty()


def confirm(question: str) -> None:
    """Ask before something is destroyed. Raises UsageError for no, and where nobody can answer."""
    if not at_terminal():
        raise UsageError("Nobody is here to ask", question, next_step="Say --yes if you mean it")
    if not typer.confirm(question, err=True):
        raise UsageError("Nothing was removed", "The question was answered with no")


def confirm_name(question: str, name: str, next_step: str) -> None:
    """Have a name typed before something is destroyed. Raises UsageError as confirm() does."""
    if not at_terminal():
        raise UsageError("Nobody is here to ask", question, next_step=next_step)
    if typer.prompt(question, err=True).strip() != name:
        raise UsageError("Nothing was removed", f"That is not {name}")
