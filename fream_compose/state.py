"""Small notes beside the lock: what is held, what is kept warm. Facts stay with nginx."""

import json
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


@dataclass(frozen=True)
class Checked:
    """The health path with which the live release was found good."""

    set: SetName
    version: str
    path: str

    def is_of(self, name: SetName, version: str) -> bool:
        """Whether it is of this release in this set."""
        return (self.set, self.version) == (name, version)


class Notes:
    """The notes of one project, each a file that is written at once or not at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._warm = directory / "warm.json"
        self._held = directory / "held.json"
        self._verdict = directory / "verdict.json"
        self._checked = directory / "checked.json"

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

    def checked(self) -> Checked | None:
        """How the live release was found good, if that is known."""
        note = _read(self._checked)
        try:
            return Checked(SetName(note["set"]), note["version"], note["path"])
        except (KeyError, ValueError):
            return None

    def check(self, checked: Checked) -> None:
        """Note how a release was found good, but once. Raises ConfigurationError."""
        known = self.checked()
        if not (known and known.is_of(checked.set, checked.version)):
            self._write(self._checked, asdict(checked))

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

    def _write(self, path: Path, note: dict[str, str]) -> None:
        durable.make_folder(self._directory)
        durable.write(path, json.dumps(note))


def _read(path: Path) -> dict[str, str]:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
