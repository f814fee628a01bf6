"""A line of nginx's access log, in the format that nginx.conf defines."""

import json
from enum import IntEnum
from typing import NamedTuple

from fream_compose.release import SetName

SETS = ("", *SetName)
_TURNED_AWAY = "maintenance"  # in place of the set; an answer that was asked for is no failure
_MADE_BY_NGINX = (502, 504)  # where no set gave an answer that could be passed on


class Kind(IntEnum):
    """How a request ended. UNREACHED: nginx answered for a set that did not answer it."""

    GOOD = 0
    FAILED = 1
    UNREACHED = 2
    CLIENT_LEFT = 3
    UPGRADED = 4

    @property
    def failed(self) -> bool:
        """Whether the answer was 500 or above, whoever made it."""
        return self in (Kind.FAILED, Kind.UNREACHED)


class Request(NamedTuple):
    """A request. ended: Unix seconds. place: of its set, among SETS."""

    ended: float
    seconds: float
    kind: Kind
    place: int

    @property
    def set(self) -> str:
        """The set that answered; empty when nothing was live."""
        return str(SETS[self.place])

    @property
    def failed(self) -> bool:
        """Whether the answer was 500 or above."""
        return self.kind.failed


def read_request(line: str) -> Request | None:
    """Read an access line; None for one that maintenance turned away.

    Raises ValueError when it is torn, or not ours.
    """
    try:
        entry = json.loads(line)
        if entry["set"] == _TURNED_AWAY:
            return None
        header = str(entry.get("upstream_header_seconds", ""))
        kind = _kind(int(entry["status"]), entry["completion"], header)
        place = SETS.index(entry["set"])
        return Request(float(entry["msec"]), float(entry["seconds"]), kind, place)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an access line of ours") from error


def _kind(status: int, completion: str, header: str) -> Kind:
    if status in _MADE_BY_NGINX and header.endswith("-"):
        return Kind.UNREACHED
    if status >= 500:
        return Kind.FAILED
    if status == 101:
        return Kind.UPGRADED
    return Kind.GOOD if completion == "OK" else Kind.CLIENT_LEFT
