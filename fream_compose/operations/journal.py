"""What the history keeps of one run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fream_compose.errors import (
    ConfigurationError,
    FreamError,
    GuardError,
    InterruptedRun,
    RejectedError,
    UsageError,
    WorseError,
)
from fream_compose.nginx.evidence import Evidence
from fream_compose.project.entry import Entry, HookRun, Kind, Result
from fream_compose.project.history import History, of_release
from fream_compose.project.operator import note, who
from fream_compose.release import LiveRelease, new_switch_id
from fream_compose.report import Report, Step
from fream_compose.secrecy import hidden
from fream_compose.verdict import Verdict

FARES_WORSE = (Verdict.WORSE, Verdict.FAILS)


class Journal:
    """The row of one run: there from its first step on, and anew each time more is known.

    No run fails for its row: what cannot be written is warned of. hooks: gets each hook that ran.
    command: as typed; it may hold a secret. clock: in seconds.
    """

    def __init__(
        self,
        history: History,
        report: Report,
        clock: Callable[[], float],
        kind: Kind,
        command: str = "",
    ) -> None:
        self._history, self._report, self._clock = history, report, clock
        self._began, self._lacks = clock(), False
        self._written: Entry | None = None
        self.hooks: list[HookRun] = []
        now = datetime.now(UTC)
        self._row = Entry(
            id=new_switch_id(now),
            version="",
            set="",
            replaced="",
            started=now.isoformat(timespec="milliseconds"),
            seconds=0.0,
            result=Result.RUNNING,
            by=who(),
            kind=kind,
            note=note(),
            command=command,
        )

    @property
    def entry(self) -> Entry:
        """All that is known of the run by now."""
        report = self._report
        return replace(
            self._row,
            steps=dict(report.seconds),
            step_ids=dict(report.ids),
            warnings=tuple(report.warnings),
            hooks=tuple(self.hooks),
            seconds=self.seconds,
        )

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return round(self._clock() - self._began, 3)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Have a row from the first step of the block on, closed with the end of the block.

        A run that finds nothing to do leaves none, nor does one that was not asked in the right
        way; one that fails before its first step has one.
        """
        before = self._report.heard

        def heard(step: Step) -> None:
            self.begin()
            before(step)

        self._report.heard = heard
        try:
            yield
        except BaseException as error:
            if self._written or _is_news(error):
                self.end(error)
            raise
        else:
            if self._written:
                self.end()
        finally:
            self._report.heard = before

    def begin(self) -> None:
        """The run does something: from here on it has a row."""
        if self._written is None:
            self._write()

    def know(self, **known: Any) -> None:
        """Keep what is known by now, as parts of an Entry; at once where there is a row."""
        self._row = replace(self._row, **known)
        if self._written is not None:
            self._write()

    def learn(
        self, release: LiveRelease, images: Mapping[str, str], old: LiveRelease | None
    ) -> None:
        """Take what a release turned out to be, for the next line. old: what it replaces."""
        version, contents = str(release.version), dict(images)
        self._row = replace(self._row, version=version, images=contents)
        self._row = replace(self._row, settings=self._of_settings(old))

    def end(self, error: BaseException | None = None, evidence: Evidence | None = None) -> None:
        """The run ended, for this reason or well. What was said of it already, stays."""
        if evidence:
            self._row = replace(self._row, evidence=evidence.to_json())
        if self._row.result is Result.RUNNING or isinstance(error, FreamError):
            worse = evidence is not None and evidence.verdict in FARES_WORSE
            self._row = replace(self._row, **_ending(error, worse))
            self._row = replace(self._row, failed_step=self._report.failed_step(error))
        self._write()

    def _write(self) -> None:
        entry, before = self.entry, self._written
        self._written = entry
        if before and replace(entry, seconds=before.seconds) == before:
            return
        try:
            self._history.add(entry)
        except FreamError as error:
            if not self._lacks:
                self._lacks = True
                self._report.warn(f"the history lacks this {entry.kind}: {error} ({error.why})")

    def _of_settings(self, old: LiveRelease | None) -> bool:
        """Whether nothing but the settings differs from what it replaced."""
        row = self._row
        if old is None or row.kind is Kind.ROLLBACK or row.replaced != row.version:
            return False
        try:
            before = of_release(self._history.entries(), old.switch, row.version)
        except ConfigurationError:
            return False
        return before is not None and before.release == row.release


def _is_news(error: BaseException) -> bool:
    """Whether who looks tomorrow should know of it, though nothing was done."""
    return isinstance(error, FreamError) and not isinstance(error, UsageError | InterruptedRun)


def _ending(error: BaseException | None, worse: bool) -> Mapping[str, Any]:
    """What a row says of an end."""
    if error is None:
        result, code = (Result.FAILING, WorseError.exit_code) if worse else (Result.DONE, 0)
        return {"result": result, "exit_code": code}
    told = {
        "result": _result(error),
        "exit_code": getattr(error, "exit_code", 1),
        "error": type(error).__name__,
        "why": hidden(f"{error}: {getattr(error, 'why', '')}".removesuffix(": ")),
    }
    if told["result"] is Result.CUT_BACK:
        told["released"] = False
    if told["result"] is Result.INTERRUPTED:
        told["why"] = "It was left at once, at a second signal: what it had begun is not undone"
    return told


def _result(error: BaseException) -> Result:
    if isinstance(error, GuardError):
        return Result.CUT_BACK
    if isinstance(error, InterruptedRun | RejectedError):
        return Result.CANCELLED
    if isinstance(error, WorseError):
        return Result.FAILING
    return Result.FAILED if isinstance(error, Exception) else Result.INTERRUPTED
