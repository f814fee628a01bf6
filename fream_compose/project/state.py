"""The folder `.fream` beside compose.yaml: the lock, the notes and the history of a project."""

from dataclasses import dataclass
from pathlib import Path

from fream_compose.project.history import History
from fream_compose.project.notes import Notes

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
    def history(self) -> History:
        """What was released."""
        return History(self.path / "history.jsonl")


def state_of(compose_directory: Path) -> StateFolder:
    """The state of the project in a folder, which need not be readable otherwise."""
    return StateFolder(compose_directory / FOLDER)
