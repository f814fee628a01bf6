"""One run of a command: how it reports, holds the project, and ends."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import typer

from fream_compose.errors import (
    EngineError,
    FreamError,
    InterruptedRun,
    LockedError,
    UsageError,
    unexpected,
)
from fream_compose.interruption import Interruption, LeaveNow, interruption
from fream_compose.report import JsonlReport, PlainReport, Report, RichReport, Tolerant
from fream_compose.text import clean

if TYPE_CHECKING:
    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.context import Context
    from fream_compose.project.notes import Notes


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
        from fream_compose.nginx import candidate
        from fream_compose.project import lock
        from fream_compose.project.notes import Notes

        seconds = seconds_of("--wait", wait)
        command = " ".join(["fream", *sys.argv[1:]])
        folder = project.settings.state_directory
        notes = Notes(folder)
        try:
            with lock.hold(folder, command, seconds, self.interruption.wait):
                self.reject_foreign(project, adopts)
                # Nobody else runs: a note of what is held, or a copy, was left by a killed run.
                notes.release()
                candidate.sweep(project.settings.nginx_directory)
                with self._on_record(notes, command):
                    _warn_of_settings(project, self.report)
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

    def context(self, project: "Project", proxy: "Proxy") -> "Context":
        """What the operations of this run work with."""
        from fream_compose.operations.context import Context

        return Context(project, proxy, self.report, self.interruption)

    def reject_foreign(self, project: "Project", adopts: bool = False) -> None:
        """Raise ConfigurationError where this folder must not change what runs."""
        from fream_compose.operations.ownership import refusal

        if error := refusal(project, adopts):
            raise error

    def warn_of_foreign(self, project: "Project") -> None:
        """Say whose it is that a command is about to show, where it is not this folder's."""
        from fream_compose.operations.ownership import refusal

        # Without an engine the command itself says so, where it needs one.
        with suppress(EngineError):
            if error := refusal(project):
                _print(f"notice: {error.what}\n        {error.next_step}", sys.stderr)

    def done(self, result: dict[str, Any], text: str) -> None:
        """Print the result."""
        self._told = text
        envelope = {"ok": True, "command": self.command, "result": result}
        _print(json.dumps(envelope, default=str) if self._json else clean(text))

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
def session(command: str, output: str) -> Iterator[Run]:
    """Where errors become messages and exit codes."""
    with interruption() as state:
        run = Run(command, output, state)
        try:
            yield run
        except FreamError as error:
            run.failed(error, error.result)
            raise SystemExit(error.exit_code) from error
        except (BrokenPipeError, typer.Abort, typer.Exit):
            raise  # the reader is gone, or an operator said no: Typer ends the command
        except Exception as error:
            # What a switch has told already has its own kind by now.
            run.failed(unexpected(error))
            raise SystemExit(1) from error
        except LeaveNow as left:
            _print("left at once; `fream status` tells what is left", sys.stderr)
            raise SystemExit(left.exit_code) from left


def seconds_of(option: str, text: str) -> float:
    """The seconds of an option such as --wait; zero for an empty text. Raises UsageError."""
    from fream_compose.project.durations import duration

    try:
        return duration(text).total_seconds() if text else 0.0
    except ValueError as error:
        raise UsageError(f"{option} is not valid", str(error)) from error


def _warn_of_settings(project: "Project", report: Report) -> None:
    from fream_compose.operations.hooks import exposed

    for name, known in project.env.misspelt():
        report.warn(f"{name} in .env is no setting, but {known} is")
    for hook in exposed(project.settings.switch.hooks):
        report.warn(
            f"The hook {hook} has a secret of .env on its command line, which everybody on this "
            "server may read: have it take the secret from its environment, as $$NAME"
        )


def _remove_overdue(project: "Project", run: Run) -> None:
    """Remove the set that was kept warm, once its time is over; no command fails for it."""

    notes = project.settings.state.notes
    if not (warm := notes.warm()) or warm.valid(datetime.now(UTC)):
        return
    from fream_compose.cli.project import proxy_of
    from fream_compose.operations.diagnosis import Fault
    from fream_compose.operations.recovery import Recovery

    recovery = Recovery(run.context(project, proxy_of(project)))
    try:
        if warm.set not in recovery.repair(only=[Fault.IDLE_SET]).occupied:
            notes.cool()
    except InterruptedRun:
        raise
    except FreamError as error:
        run.report.warn(f"{warm.set}, which was kept warm, is still there: {error}")


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
    return [clean(line) for line in told]


def _red(text: str) -> str:
    """In red for a person at a terminal who has not said NO_COLOR."""
    plain = not sys.stderr.isatty() or os.environ.get("NO_COLOR")
    return text if plain else f"\033[1;31m{text}\033[0m"


def _print(text: str, stream: TextIO | None = None) -> None:
    print(text, file=Tolerant(stream or sys.stdout), flush=True)
