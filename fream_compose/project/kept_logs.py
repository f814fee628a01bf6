"""The logs of sets that were taken back, by the run that had started them: the last twenty."""

from pathlib import Path

from fream_compose.project import durable

LONGEST = 10_000_000  # bytes of one
_KEPT = 20


class KeptLogs:
    """The folder of one project's; its owner's alone, as is each file in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, run: str, text: str) -> str:
        """Keep the log of a run, by its id; returns the name of its file.

        The oldest go first, which may make room on the disk. Raises ConfigurationError.
        """
        durable.make_state_folder(self._folder.parent)
        durable.make_folder(self._folder)
        path = self._folder / f"{run}.log"
        others = sorted(each for each in self._folder.glob("*.log") if each != path)
        for old in others[: max(0, len(others) - _KEPT + 1)]:
            durable.remove(old)
        durable.write(path, text, mode=0o600)
        return path.name

    def path(self, name: str) -> Path | None:
        """Where a log is, by the name of its file; None where it is not kept any more."""
        path = self._folder / Path(name).name
        return path if name and path.is_file() else None
