"""The folder `.fream` beside compose.yaml: the lock, the notes, the history, and kept logs."""

from dataclasses import dataclass, replace
from pathlib import Path

from fream_compose.project import lock
from fream_compose.project.entry import Result
from fream_compose.project.finishing import FinishingNote
from fream_compose.project.history import History, Log
from fream_compose.project.kept_logs import KeptLogs
from fream_compose.project.notes import Notes
from fream_compose.project.reports import Reports

FOLDER = ".fream"


@dataclass(frozen=True)
class StateFolder:
    """What a project keeps between two runs. The folder itself is the lock: see `lock`."""

    path: Path

    @property
    def notes(self) -> Notes:
        """What is held, what is kept warm, what runs."""
        return Notes(self.path)

    @property
    def finishing(self) -> FinishingNote:
        """What was told to stop and may still finish its work."""
        return FinishingNote(self.path)

    @property
    def history(self) -> History:
        """What was done."""
        return History(self.path / "history.jsonl")

    def seen(self) -> Log:
        """The history as it is to be seen: a run whose process is gone does not run any more.

        Raises ConfigurationError.
        """
        log = self.history.read()
        running = {entry.id for entry in log.entries if not entry.ended}
        if not running or not lock.free(self.path):
            return log
        log = self.history.read()  # what ended between the two looks has said so by now
        why = "Its process is gone without a word; the next run tells what became of it"
        entries = (
            replace(e, result=Result.INTERRUPTED, why=why) if e.id in running and not e.ended else e
            for e in log.entries
        )
        return replace(log, entries=tuple(entries))

    @property
    def logs(self) -> KeptLogs:
        """What sets printed that were taken back."""
        return KeptLogs(self.path / "logs")

    @property
    def reports(self) -> Reports:
        """All that is known of the last releases."""
        return Reports(self.path / "reports")


def state_of(compose_directory: Path) -> StateFolder:
    """The state of the project in a folder, which need not be readable otherwise."""
    return StateFolder(compose_directory / FOLDER)
