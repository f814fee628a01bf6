"""Small notes beside the lock: what is held, what is kept warm. Facts stay with nginx."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fream_compose import durable
from fream_compose.release import SetName


@dataclass(frozen=True)
class Warm:
    """The set that was live before, kept running for a quick way back. until: ISO 8601, UTC."""

    set: SetName
    version: str
    until: str

    def valid(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return now < datetime.fromisoformat(self.until)


class Notes:
    """The notes of one project, each a file that is written at once or not at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._warm = directory / "warm.json"
        self._held = directory / "held.json"
        self._verdict = directory / "verdict.json"
        self._adopted = directory / "adopted.json"

    def warm(self) -> Warm | None:
        """The set that is kept warm, if any."""
        note = _read(self._warm)
        try:
            return Warm(SetName(note["set"]), note["version"], note["until"])
        except (KeyError, ValueError):
            return None

    def keep_warm(self, warm: Warm) -> None:
        """Note that a set is kept warm. Raises ConfigurationError."""
        self._write(self._warm, asdict(warm))

    def cool(self) -> None:
        """Nothing is kept warm any more."""
        durable.remove(self._warm)

    def hold(self, switch: str, version: str) -> None:
        """Note that a switch waits for a verdict. Raises ConfigurationError."""
        durable.remove(self._verdict)
        self._write(self._held, {"switch": switch, "version": version})

    def held(self) -> dict[str, str] | None:
        """The switch that waits and its version, if any."""
        return _read(self._held) or None

    def decide(self, switch: str, verdict: str) -> None:
        """Give the waiting switch its verdict: promote or abort. Raises ConfigurationError."""
        self._write(self._verdict, {"switch": switch, "verdict": verdict})

    def verdict(self, switch: str) -> str:
        """The verdict on a switch; empty while there is none."""
        note = _read(self._verdict)
        return note.get("verdict", "") if note.get("switch") == switch else ""

    def release(self) -> None:
        """Nothing waits any more."""
        durable.remove(self._held)
        durable.remove(self._verdict)

    def adopted(self) -> frozenset[str]:
        """The ids of the containers that this folder took over from another."""
        return frozenset(str(_read(self._adopted).get("containers", "")).split())

    def adopt(self, containers: Iterable[str]) -> None:
        """Note the ids of containers as taken over. Raises ConfigurationError."""
        self._write(self._adopted, {"containers": " ".join(containers)})

    def _write(self, path: Path, note: dict[str, str]) -> None:
        durable.make_folder(self._directory)
        durable.write(path, json.dumps(note))


def _read(path: Path) -> dict[str, str]:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
