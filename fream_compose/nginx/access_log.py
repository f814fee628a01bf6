"""A line of nginx's access log, in the format that nginx.conf defines."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import IntEnum
from math import isfinite
from typing import Any, NamedTuple

from fream_compose import foreign
from fream_compose.release import SetName

SETS = ("", *SetName)
# In place of the set: what closes the app, whose answers were asked for and are no failures;
# and what nginx answers for HTTPS.
_TURNED_AWAY, _NO_SETS = "maintenance", ("acme", "redirect")
# The User-Agent of `fream status`, which asks as a user does and is none. Who borrows it hides
# nothing but requests of his own.
LOOKING = "fream-status"
_AGAIN = " : "  # between the answers of two sets
_MADE_BY_NGINX = (502, 503, 504)  # where no set gave an answer that could be passed on
_DID_NOT_ANSWER = ("502", "504")  # of a set, so that the other one was asked
_NOTHING_IS_LIVE = 503
_NO_BODY = (204, 304)
# Seconds. Who leaves sooner may have clicked on; who waited for so long saw a silent app. It is
# compared with the old release, whose slow pages lose as many.
_PATIENCE = 1.0
_LONGEST = 10_000_000.0  # seconds; what is beyond is no duration


class Kind(IntEnum):
    """How a request ended. UNREACHED: nginx answered for a set that did not answer it.

    CAUGHT: the other set answered it well instead. BROKEN_OFF: the app ended its answer early.
    CLIENT_LEFT: its client did not wait for the answer. GIVEN_UP: nor was there any for long.
    """

    GOOD = 0
    FAILED = 1
    UNREACHED = 2
    CLIENT_LEFT = 3
    UPGRADED = 4
    CAUGHT = 5
    BROKEN_OFF = 6
    GIVEN_UP = 7

    @property
    def failed(self) -> bool:
        """Whether users got an answer of 500 or above, or a part of one."""
        return self in (Kind.FAILED, Kind.UNREACHED, Kind.BROKEN_OFF)

    @property
    def against(self) -> bool:
        """Whether it counts against its set, whatever users noticed."""
        return self.failed or self in (Kind.CAUGHT, Kind.GIVEN_UP)

    @property
    def left(self) -> bool:
        """Whether its client left before it was answered."""
        return self in (Kind.CLIENT_LEFT, Kind.GIVEN_UP)


class Request(NamedTuple):
    """A request. ended: Unix seconds. place: of its set, among SETS.

    late: what it was taken for before; None unless it is told again.
    """

    ended: float
    seconds: float
    kind: Kind
    place: int
    late: Kind | None = None

    @property
    def set(self) -> str:
        """The set that answered; empty when nothing was live."""
        return str(SETS[self.place])

    @property
    def failed(self) -> bool:
        """Whether users got an answer of 500 or above, or a part of one."""
        return self.kind.failed


class Entry(NamedTuple):
    """A request, and what its error lines are known by.

    began, ended: by the clock on nginx's wall, as its error log has it.
    """

    request: Request
    worker: int
    connection: int
    began: datetime
    ended: datetime
    may_be_broken: bool


def read_entry(line: str) -> Entry | None:
    """Read an access line; None for a request that no set was to answer, or of no user.

    Those are what maintenance turned away, and what nginx answered by itself: garbage,
    files and limits of its own; and the looks of `fream status`. Raises ValueError when it is
    torn, or not ours.
    """
    return foreign.of_json(line, _passed)


def answered_alone(line: str) -> float | None:
    """When nginx answered a request by itself, as with a file, a redirect or a limit.

    In Unix seconds; None for any other line.
    """
    with suppress(ValueError):
        return foreign.of_json(line, _own)
    return None


def _own(entry: Mapping[str, Any]) -> float | None:
    own = entry["set"] != _TURNED_AWAY and _was_not_passed(entry)
    return float(entry["msec"]) if own else None


def _passed(entry: Mapping[str, Any]) -> Entry | None:
    turned_away = entry["set"] == _TURNED_AWAY
    if turned_away or _was_not_passed(entry) or entry.get("agent") == LOOKING:
        return None
    return _entry(entry)


def _was_not_passed(entry: Mapping[str, Any]) -> bool:
    """Whether no set was asked, though one was live, or the request was not even one."""
    if entry["set"] in _NO_SETS:
        return True
    no_set_was_live = not entry["set"] and entry["status"] == _NOTHING_IS_LIVE
    return entry["upstream_status"] == "" and not no_set_was_live


def _entry(entry: Mapping[str, Any]) -> Entry:
    ended, seconds = float(entry["msec"]), float(entry["seconds"])
    if not (isfinite(ended) and 0 <= seconds < _LONGEST):
        raise ValueError("no moment that could be")
    wall = datetime.fromisoformat(entry["time"]).replace(tzinfo=None)
    kind = _kind(entry)
    return Entry(
        Request(ended, seconds, kind, SETS.index(entry["set"])),
        int(entry.get("worker", 0)),
        int(entry.get("connection", 0)),
        wall - timedelta(seconds=seconds),
        wall,
        kind is Kind.BROKEN_OFF
        or kind.left
        or (kind in (Kind.GOOD, Kind.CAUGHT) and not entry.get("length")),
    )


def _kind(entry: Mapping[str, Any]) -> Kind:
    status = int(entry["status"])
    # A file that the live release does not have is asked of the other, and nobody's fault.
    first, _, again = entry["upstream_status"].partition(_AGAIN)
    caught = again and first.endswith(_DID_NOT_ANSWER)
    silent = str(entry.get("upstream_header_seconds", "")).endswith("-")
    if status in _MADE_BY_NGINX and silent:
        return Kind.UNREACHED
    if status >= 500:
        return Kind.FAILED
    if status == 101:
        return Kind.CAUGHT if caught else Kind.UPGRADED
    if entry["completion"] != "OK":
        long = silent and float(entry["seconds"]) >= _PATIENCE
        return Kind.GIVEN_UP if long else Kind.CLIENT_LEFT
    if _is_short(entry, status):
        return Kind.BROKEN_OFF
    return Kind.CAUGHT if caught else Kind.GOOD


def _is_short(entry: Mapping[str, Any], status: int) -> bool:
    """Whether less was sent than the app had said."""
    length = str(entry.get("length", ""))
    has_body = entry.get("method") != "HEAD" and status not in _NO_BODY
    return has_body and length.isdecimal() and int(entry["bytes"]) < int(length)
