"""nginx's output as it comes: its access lines, joined with what its error lines say of them.

An answer that the app broke off looks complete to nginx's access log. Where the app had named
a length, the bytes tell; else only the error log does, and its line names the same worker and
connection, at a place that nothing of a client's can get to.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from fream_compose.nginx.access_log import Entry, Kind, Request, read_entry

_BROKE_OFF = re.compile(
    r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[error\] (\d{1,9})#\d+: \*(\d{1,18}) "
    r'[^,"]{1,200} while reading upstream, client: '
)
_SLACK = timedelta(seconds=1)  # both moments are in whole seconds
_CONNECTIONS, _EACH = 2_000, 50  # remembered until the other line of a request comes
T = TypeVar("T")


class _Connection(NamedTuple):
    worker: int
    number: int


class _Recent(Generic[T]):
    """The last things that were seen of the last connections."""

    def __init__(self) -> None:
        self._seen: dict[_Connection, list[T]] = {}

    def add(self, connection: _Connection, thing: T) -> None:
        """Remember it, and forget what is long past."""
        seen = self._seen.pop(connection, [])
        self._seen[connection] = [*seen[-_EACH + 1 :], thing]
        if len(self._seen) > _CONNECTIONS:
            del self._seen[next(iter(self._seen))]

    def take(self, connection: _Connection, fits: Callable[[T], bool]) -> T | None:
        """The first that fits, which is then forgotten."""
        seen = self._seen.get(connection, [])
        found = next((thing for thing in seen if fits(thing)), None)
        if found is not None:
            seen.remove(found)
        return found


class LogReader:
    """Reads lines one by one. unread: how many were torn, or not ours."""

    def __init__(self) -> None:
        self._errors = _Recent[datetime]()
        self._entries = _Recent[Entry]()
        self.unread = 0

    def read(self, line: str) -> Request | None:
        """The request that a line tells of; None for a line that tells of none.

        One that was given before and turns out to have been broken off is given again, with
        what it was taken for as `late`.
        """
        if not line.startswith("{"):
            return self._read_error(line)
        try:
            entry = read_entry(line)
        except ValueError:
            self.unread += 1
            return None
        return self._joined(entry) if entry else None

    def _joined(self, entry: Entry) -> Request:
        connection = _Connection(entry.worker, entry.connection)
        if not entry.may_be_broken:
            return entry.request
        if self._errors.take(connection, lambda at: _belong(at, entry)):
            return entry.request._replace(kind=Kind.BROKEN_OFF)
        self._entries.add(connection, entry)
        return entry.request

    def _read_error(self, line: str) -> Request | None:
        if not (found := _BROKE_OFF.match(line)):
            return None
        try:
            at = datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S")
        except ValueError:
            return None
        connection = _Connection(int(found[2]), int(found[3]))
        entry = self._entries.take(connection, lambda entry: _belong(at, entry))
        if entry is None:
            self._errors.add(connection, at)
        elif entry.request.kind is not Kind.BROKEN_OFF:  # as the bytes had told already
            return entry.request._replace(kind=Kind.BROKEN_OFF, late=entry.request.kind)
        return None


def _belong(error: datetime, entry: Entry) -> bool:
    # By differences, as a moment of the year 1 or 9999 has none a second before or after it.
    return entry.began - error <= _SLACK and error - entry.ended <= _SLACK
