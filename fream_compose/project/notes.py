"""Small notes beside the lock: what is held, what is kept warm, what runs. Facts stay with nginx.

A note that cannot be read is no note: whatever is in the folder, no command stops for it.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fream_compose import foreign, times
from fream_compose.project import durable
from fream_compose.project.operator import who
from fream_compose.project.progress import Progress, read_progress
from fream_compose.release import SetName, read_moment


@dataclass(frozen=True)
class Warm:
    """The set that was live before, kept running for a quick way back. until: ISO 8601, UTC."""

    set: SetName
    version: str
    until: str

    def valid(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return now < read_moment(self.until)


@dataclass(frozen=True)
class Held:
    """A switch that waits for a verdict: its id, its set, since when, and the run it is part of."""

    switch: str
    version: str
    set: SetName
    since: str
    run: str

    def __str__(self) -> str:
        return f"{self.version} in {self.set} is held since {times.since(self.since)}"


@dataclass(frozen=True)
class RunningHook:
    """A hook under way: the mark in its processes' environment, where it runs, its first process.

    born: what tells that process from a later one of the same id.
    """

    mark: str
    where: str
    set: SetName
    pid: str = ""
    born: str = ""


@dataclass(frozen=True)
class Checked:
    """How a release was found good: the health path, and in JSON how each service was.

    services: the names of all that it was released with, with spaces between.
    """

    set: SetName
    version: str
    path: str
    checks: str = ""
    services: str = ""


class Notes:
    """The notes of one project, each a file that is written at once or not at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._warm = directory / "warm.json"
        self._held = directory / "held.json"
        self._verdict = directory / "verdict.json"
        self._adopted = directory / "adopted.json"
        self._hook = directory / "hook.json"
        self._run = directory / "run.json"
        self._run_before = directory / "run.before.json"

    def warm(self) -> Warm | None:
        """The set that is kept warm, if any; whether its time is over is another question."""
        note = _read(self._warm)
        try:
            read_moment(note["until"])
            return Warm(SetName(note["set"]), note["version"], note["until"])
        except (KeyError, ValueError):
            return None

    def keep_warm(self, warm: Warm) -> None:
        """Note that a set is kept warm. Raises ConfigurationError."""
        self._write(self._warm, asdict(warm))

    def cool(self) -> None:
        """Nothing is kept warm any more."""
        durable.remove(self._warm)

    def checked(self, name: SetName, version: str) -> Checked | None:
        """How this release was found good in its set, if that is known."""
        for note in map(_read, self._checked(name)):
            with suppress(KeyError, ValueError):
                more = note.get("checks", ""), note.get("services", "")
                if (note["set"], note["version"]) == (name, version):
                    return Checked(name, version, note["path"], *more)
        return None

    def check(self, checked: Checked) -> None:
        """Note how a release was found good, but once. Raises ConfigurationError."""
        if not self.checked(checked.set, checked.version):
            self._write(self._checked(checked.set)[0], asdict(checked))

    def uncheck(self, name: SetName) -> None:
        """Forget how a set was found good."""
        for path in self._checked(name):
            if _read(path).get("set") == name:
                durable.remove(path)

    def _checked(self, name: SetName) -> tuple[Path, Path]:
        # The second is an earlier fream's, of whatever set was live.
        return self._directory / f"checked.{name}.json", self._directory / "checked.json"

    def hold(self, switch: str, version: str, name: SetName) -> None:
        """Note that a switch waits for a verdict. Raises ConfigurationError."""
        durable.remove(self._verdict)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        run = now.run if (now := self.progress()) else ""
        self._write(self._held, asdict(Held(switch, version, name, since, run)))

    def held(self) -> Held | None:
        """The switch that waits, if any. Only true while a run holds the project."""
        note = _read(self._held)
        try:
            read_moment(note["since"])
            found = (note["switch"], note["version"], SetName(note["set"]), note["since"])
            return Held(*found, run=note["run"])
        except (KeyError, ValueError):
            return None

    def decide(self, switch: str, verdict: str, by: str = "") -> None:
        """Give the waiting switch its verdict: promote or abort. Raises ConfigurationError.

        by: who decides, and why.
        """
        self._write(self._verdict, {"switch": switch, "verdict": verdict, "by": by})

    def verdict(self, switch: str) -> str:
        """The verdict on a switch; empty while there is none."""
        return self._decided(switch).get("verdict", "")

    def decided_by(self, switch: str) -> str:
        """Whose verdict it is, and why; empty where that was not said."""
        return self._decided(switch).get("by", "")

    def _decided(self, switch: str) -> dict[str, str]:
        note = _read(self._verdict)
        return note if note.get("switch") == switch else {}

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

    def run_hook(self, hook: RunningHook) -> None:
        """Note that a hook is about to run, or runs. Raises ConfigurationError."""
        self._write(self._hook, asdict(hook))

    def hook(self) -> RunningHook | None:
        """The hook that runs, or that a run which was killed left behind."""
        note = _read(self._hook)
        try:
            name = SetName(note["set"])
            return RunningHook(note["mark"], note["where"], name, note["pid"], note["born"])
        except (KeyError, ValueError):
            return None

    def forget_hook(self) -> None:
        """No hook runs any more."""
        durable.remove(self._hook)

    def begin(self, command: str) -> Progress:
        """Note that a run begins; how the one before ended can still be asked."""
        with suppress(OSError):
            self._run.replace(self._run_before)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        began = Progress(secrets.token_hex(8), command, by=who(), since=since)
        self.follow(began)
        return began

    def follow(self, progress: Progress) -> None:
        """Note how far the run is. Not synced, as no run outlives a crash; a full disk is fine."""
        known = ((name, value) for name, value in asdict(progress).items() if value is not None)
        note = {name: str(value).encode("utf-8", "replace").decode() for name, value in known}
        aside = self._run.with_suffix(".new")
        with suppress(OSError):
            with durable.open_note(aside) as file:
                file.truncate(0)
                durable.write_all(file, json.dumps(note).encode())
            aside.replace(self._run)

    def progress(self, run: str = "") -> Progress | None:
        """How far a run is; the last one, unless it is named."""
        found = map(read_progress, map(_read, (self._run, self._run_before)))
        return next((p for p in found if p and run in ("", p.run)), None)

    def _write(self, path: Path, note: Mapping[str, str]) -> None:
        durable.make_state_folder(self._directory)
        durable.write_note(path, json.dumps(note))


def _read(path: Path) -> dict[str, str]:
    """A note; empty when it is not there or is not one: a mapping of text to text."""
    try:
        note = foreign.of_json(path.read_bytes(), dict[str, str])
    except (OSError, ValueError):
        return {}
    return note if all(map(_printable, note.values())) else {}


def _printable(value: object) -> bool:
    """Whether it is text that can be written somewhere: half a surrogate pair cannot."""
    return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)
