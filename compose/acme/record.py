"""state.json: what is in place for each wanted host, and how the last try went."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shelf
from wanted import Wanted

if TYPE_CHECKING:
    from pairs import Pair

_BLOCK = 4096  # bytes, of most file systems
_RETRIES_IN_A_PERIOD = 144  # half a day, and five minutes at first


@dataclass(frozen=True)
class Try:
    """How the last try for a host went. Times are in UTC.

    failures: tries in a row that failed. error, hint: for an operator; empty when all is
    well. next: when it is tried again. told_to_wait: until when, by the ACME server.
    """

    tried: str | None = None
    failures: int = 0
    error: str = ""
    hint: str = ""
    next: str | None = None
    told_to_wait: str | None = None

    def __post_init__(self) -> None:
        for name in ("tried", "next", "told_to_wait"):
            if getattr(self, name) is not None:
                datetime.fromisoformat(getattr(self, name))


@dataclass
class Record:
    """The state of every wanted host, kept in a file. unsaved: which lacks what is known here."""

    path: Path
    server: str = ""
    unsaved: bool = False
    tries: dict[str, Try] = field(default_factory=dict)

    @property
    def _spare(self) -> Path:
        return self.path.with_name(".spare")

    def load(self, wanted: Wanted) -> None:
        """What the file says of the wanted hosts; what it does not say begins anew."""
        tries = self.tries if self.unsaved else self._kept(wanted.server)
        self.server = wanted.server
        self.tries = {host: tries.get(host, Try()) for host in wanted.hosts}

    def _kept(self, server: str) -> dict[str, Try]:
        try:
            told: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            kept: dict[str, Any] = told["hosts"]
            names = Try.__dataclass_fields__
            tries = {
                host: Try(**{key: value for key, value in told.items() if key in names})
                for host, told in kept.items()
            }
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return {}
        if told.get("server") == server:
            return tries
        return {host: replace(each, told_to_wait=None) for host, each in tries.items()}

    def text(self, shown: dict[str, tuple[str, "Pair | None"]]) -> str:
        """As the file has it. shown: the source and the pair of each host."""
        hosts = {
            host: {**_certificate(*shown[host]), **asdict(tried)}
            for host, tried in self.tries.items()
        }
        return json.dumps({"schema": 1, "server": self.server, "hosts": hosts}, indent=1) + "\n"

    def save(self, text: str) -> None:
        """Write it: it is the old one or the new one at every moment. Raises OSError.

        The room for the next one is taken in advance, so that a full disk can be told, too.
        """
        data = text.encode()
        with os.fdopen(os.open(self._spare, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
            file.write(data)
            file.truncate()
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        self._spare.rename(self.path)
        shelf.sync(self.path.parent)
        self._take_room(len(data))

    def _take_room(self, least: int) -> None:
        for size in (least + _BLOCK, least):
            try:
                self._spare.write_bytes(os.urandom(size))
                return
            except OSError:
                self._spare.unlink(missing_ok=True)

    def update(self, host: str, **changes: Any) -> None:
        """Change what is known of a host."""
        self.tries[host] = replace(self.tries[host], **changes)


def _certificate(source: str, pair: "Pair | None") -> dict[str, Any]:
    from pairs import stamp

    return {
        "source": source,
        "issuer": pair.issuer if pair else "",
        "names": list(pair.names) if pair else [],
        "not_before": stamp(pair.not_before) if pair else None,
        "not_after": stamp(pair.not_after) if pair else None,
        "sha256": pair.sha256 if pair else "",
    }


def moment(text: str | None) -> datetime | None:
    """A time of state.json."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def pause(failures: int, period: float, spread: Callable[[float, float], float]) -> float:
    """Seconds until the next look: doubling with each failure, and never the same for two."""
    if not failures:
        return period * spread(0.75, 1.25)
    return min(period / _RETRIES_IN_A_PERIOD * 2.0 ** min(failures - 1, 30), period) * spread(
        0.8, 1.2
    )
