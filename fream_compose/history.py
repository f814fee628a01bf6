"""What was released, when, by whom and how it ended. A log: never asked what is live."""

import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fream_compose import durable


@dataclass(frozen=True)
class Entry:
    """One switch. Times are ISO 8601 in UTC, durations in seconds."""

    id: str
    version: str
    set: str
    replaced: str
    started: str
    seconds: float
    result: str
    by: str
    steps: dict[str, float] = field(default_factory=dict)
    why: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


class History:
    """The file history.jsonl: one line for each switch, the newest last."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> tuple[Entry, ...]:
        """What can be read; a line torn by a crash is passed over."""
        return tuple(entry for line in self._lines() if (entry := _read(line)))

    def add(self, entry: Entry) -> None:
        """Append an entry for good. Raises ConfigurationError."""
        self._path.parent.mkdir(exist_ok=True)
        lines = [*self._lines(), json.dumps(asdict(entry), ensure_ascii=False)]
        durable.write(self._path, "\n".join(lines) + "\n")

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []


def _read(line: str) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None


def who() -> str:
    """user@host of this run, and the CI job where its environment names one."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    job = os.environ.get("BUILD_TAG") or os.environ.get("GITHUB_RUN_ID") or ""
    return f"{user}@{socket.gethostname()}" + (f" ({job})" if job else "")
