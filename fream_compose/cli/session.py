"""One run of a command: how it reports, holds the project, and ends."""

import json
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from fream_compose.cli.ending import say, say_done, say_failed, sum_up, unsaid
from fream_compose.cli.machine import broke, succeeded
from fream_compose.cli.reports.chosen import report_of
from fream_compose.cli.reports.jsonl import JsonlReport
from fream_compose.cli.reports.stream import lost
from fream_compose.cli.views.errors import explained
from fream_compose.errors import (
    EngineError,
    FreamError,
    LockedError,
    UsageError,
    unexpected,
)
from fream_compose.interruption import Interruption, LeaveNow, interruption
from fream_compose.project.operator import introduce
from fream_compose.report import Heading
from fream_compose.secrecy import hidden
from fream_compose.text import clean

if TYPE_CHECKING:
    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.operations.context import Context
    from fream_compose.operations.journal import Journal
    from fream_compose.project.notes import Notes


class Run:
    """One run of a command: how it reports, and how it ends."""

    def __init__(self, command: str, output: str, state: Interruption) -> None:
        self.command = command
        self.interruption = state
        told = preferences
        self.report = report_of(output, told.quiet, told.verbose, told.timestamps)
        self._json = output != "text"
        self._told = ""
        self._journal: Journal | None = None

    @contextmanager
    def locked(
        self, project: "Project", wait: str = "", adopts: bool = False
    ) -> "Iterator[tuple[Project, Proxy]]":
        """Hold the project, which must be this folder's: one run at a time.

        wait: a duration, such as 10m. adopts: whether the run takes over another folder's.
        Yields the project as it is by then.
        """
        from fream_compose.cli.project import again, proxy_of
        from fream_compose.cli.turn import turn
        from fream_compose.nginx import candidate
        from fream_compose.operations import left_runs
        from fream_compose.operations.cautions import cautions
        from fream_compose.operations.overdue import remove_overdue
        from fream_compose.operations.ownership import keep
        from fream_compose.project.notes import Notes

        seconds = seconds_of("--wait", wait)
        # What others may read of it, such as the notes: colleagues who may look, and not more.
        command = hidden(clean(shlex.join(["fream", *sys.argv[1:]])))
        folder = project.settings.state_directory
        notes = Notes(folder)
        self.report.begin(_heading(project, command))
        try:
            with turn(folder, command, seconds, self.report, self.interruption.wait) as waited:
                if waited and not project.unreadable:
                    project = again(project)
                proxy = proxy_of(project)
                self.reject_foreign(project, adopts)
                keep(project, adopts)
                # Nobody else runs: a note of what is held, or a copy, was left by a killed run.
                notes.release()
                candidate.sweep(project.settings.nginx_directory)
                context = self.context(project, proxy)
                left_runs.close(context)
                with self._on_record(notes, command), self._in_history(context, command):
                    for caution in cautions(project):
                        self.report.warn(caution)
                    if not adopts and not project.unreadable:
                        remove_overdue(context)
                    yield project, proxy
        except LockedError as error:
            if held := notes.held():
                error.why = f"{held}: {error.why}"
                error.next_step = "fream promote, or fream abort"
            raise

    @contextmanager
    def _on_record(self, notes: "Notes", command: str) -> Iterator[None]:
        """Note each step, and how the run ends, for whoever waits for it in another terminal."""
        from fream_compose.cli.turn import Noted

        noted, code = Noted(notes, command), 0
        self.report.heard = noted.heard
        try:
            yield
        except BaseException as error:
            code = getattr(error, "exit_code", 1)
            if isinstance(error, FreamError):
                self._told = "\n".join(explained(error))
            raise
        finally:
            self.report.heard = lambda _step: None
            noted.ended(code, self._told)

    def _in_history(self, context: "Context", command: str) -> AbstractContextManager[None]:
        """The run's row, for the commands that have one."""
        from fream_compose.operations.journal import Journal
        from fream_compose.project.entry import Kind

        if self.command not in set(Kind):
            return nullcontext()
        kind, report = Kind(self.command), self.report
        self._journal = Journal(context.history, report, context.clock, kind, command)
        report.run = self._journal.entry.id
        return self._journal.recording()

    def context(self, project: "Project", proxy: "Proxy") -> "Context":
        """What the operations of this run work with."""
        from fream_compose.operations.context import Context

        return Context(project, proxy, self.report, self.interruption, journal=self._journal)

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
                self.notice(error.what, error.next_step)

    def warn_of_unreadable(self, error: FreamError) -> None:
        """Say that a command goes by the settings of an earlier run, and why."""
        why = f"; {line}" if (line := " ".join(error.why.split())) else ""
        self.notice(f"{error.what}{why}", "What follows goes by the settings of the last run")

    def reject_unsaid(self) -> None:
        """Raise ConfigurationError where a result is lost, and nothing was done that stays."""
        if self.report.heading is None and lost:
            raise unsaid(lost[-1])

    def notice(self, *lines: str) -> None:
        """Say something beside the result."""
        say(clean("notice: " + "\n        ".join(lines)), sys.stderr)

    def done(self, result: dict[str, Any], text: str) -> None:
        """Print the result."""
        self._told = text
        if self._json:
            self._envelope(succeeded(self.command, result))
        else:
            say_done(text, self.report, preferences.timestamps)
        sum_up(self.report, text, None, result)

    def failed(self, error: FreamError, result: dict[str, Any] | None = None) -> None:
        """Print what failed, why, what serves, and what to do next.

        result: what was found out all the same.
        """
        if self._json:
            self._envelope(broke(self.command, error, result))
        say_failed(error, preferences.timestamps, machine=self._json)
        sum_up(self.report, error.what, error, result)

    def _envelope(self, envelope: dict[str, Any]) -> None:
        if isinstance(self.report, JsonlReport):
            self.report.result(envelope)
        else:
            say(json.dumps(envelope, default=str))


@dataclass
class Preferences:
    """How much is said; set from the options of a command."""

    quiet: bool = False
    verbose: bool = False
    timestamps: bool = False


preferences = Preferences()


@contextmanager
def session(
    command: str, output: str, by: str | None = None, note: str | None = None
) -> Iterator[Run]:
    """Where errors become messages and exit codes.

    by, note: of a command that the history remembers, as typed: who runs it, and why.
    """
    with interruption() as state:
        run = Run(command, output, state)
        try:
            lost.clear()
            introduce(by, note)
            yield run
            run.reject_unsaid()
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
            run.failed(left.error)
            raise SystemExit(left.exit_code) from left


def seconds_of(option: str, text: str) -> float:
    """The seconds of an option such as --wait; zero for an empty text. Raises UsageError."""
    from fream_compose.project.durations import duration

    try:
        return duration(text).total_seconds() if text else 0.0
    except ValueError as error:
        raise UsageError(f"{option} is not valid", str(error)) from error


def _heading(project: "Project", command: str) -> Heading:
    from fream_compose.project.operator import note, who

    return Heading(command, project.settings.project, socket.gethostname(), who(), note())
