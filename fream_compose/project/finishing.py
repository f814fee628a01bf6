"""What was told to stop and may still finish its work: noted beside the lock, by container."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fream_compose import foreign, times
from fream_compose.project import durable
from fream_compose.release import SetName, read_moment


@dataclass(frozen=True)
class Finishing:
    """A container that was told to stop: its id, its service, and the set that it worked for.

    until: ISO 8601, when it is killed. started: when it was, as Docker prints it; another
    moment means that it was started again.
    """

    container: str
    service: str
    set: SetName
    until: str
    started: str

    def over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now > read_moment(self.until)

    def __str__(self) -> str:
        return f"{self.service} finishes its work, until {times.since(self.until)} at most"


class FinishingNote:
    """The note of one project, a file that is written at once or not at all."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "finishing.json"

    def all(self) -> tuple[Finishing, ...]:
        """What was told to stop and has not been forgotten; none where that cannot be read."""
        try:
            return foreign.of_json(self._path.read_bytes(), _read)
        except (OSError, ValueError):
            return ()

    def add(self, finishing: Finishing) -> None:
        """Note one. Raises ConfigurationError."""
        others = (one for one in self.all() if one.container != finishing.container)
        self._write((*others, finishing))

    def forget(self, containers: Iterable[str]) -> None:
        """These are gone. Raises ConfigurationError."""
        gone = set(containers)
        if gone:
            self._write(one for one in self.all() if one.container not in gone)

    def _write(self, noted: Iterable[Finishing]) -> None:
        if rows := [asdict(one) for one in noted]:
            durable.make_state_folder(self._path.parent)
            durable.write_note(self._path, json.dumps(rows))
        else:
            durable.remove(self._path)


def _read(rows: list[dict[str, str]]) -> tuple[Finishing, ...]:
    found = tuple(foreign.made(Finishing, **{**row, "set": SetName(row["set"])}) for row in rows)
    for one in found:
        read_moment(one.until)
    return found
