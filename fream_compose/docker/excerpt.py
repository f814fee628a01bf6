"""The end of an app's log: in order, and without the lines that fream's own checks made. Pure.

A line is left out only where all of it is one line of an access log, in a form that is well
known, and it tells of a request that can be nobody's but fream's: by its User-Agent, or, where
the form has none, by a path of a check asked for from this server itself. Whatever else a line
says, such as an error with that request in its text, it stays.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fream_compose import AGENT, foreign
from fream_compose.secrecy import hidden

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) "
_STAMPED = re.compile(rf"(?P<at>{_STAMP})?(?P<text>.*)", re.S)
_PIECE = 16_384  # bytes: Docker cuts longer lines, and puts a stamp before each piece
_LONGEST = 500  # characters of a line; all of it is in the log
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
_ASKED = r'(?P<from>[0-9a-fA-F.:]+){port} {between}"GET (?P<path>/\S*) HTTP/[\d.]+" \d{{3}}'
_MORE = (
    r'(?: -| (?:[a-z_]+=)?[\d.:]+(?:ms|s)?| "[\da-f.:, -]*")'  # durations, whom it is passed on for
)
_LOGGER = r"(?:[\d:,.TZ/+-]+ ){0,2}(?:\[?(?:INFO|DEBUG)\]?:? +)?(?:[\w.]*access[\w.]*:? )?"
_ACCESS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        # Common and combined: Apache, nginx, gunicorn, Tomcat, Werkzeug, http.server, morgan,
        # aiohttp; also behind what a logger puts before it.
        _LOGGER
        + _ASKED.format(port="", between=r"(?:\S+ \S+ )?\[[^\]\"]+\] ")
        + rf'(?: (?:\d+|-))?(?: "[^"]*" "(?P<agent>[^"]*)"{_MORE}*)?\s*',
        # uvicorn, hypercorn.
        _LOGGER + _ASKED.format(port=r":\d+", between="- ") + r"(?: [A-Z][A-Za-z-]*){0,5}",
        # gin.
        r"\[GIN\] [\d/]+ - [\d:]+ \| +\d{3} +\| +\S+ +\| +(?P<from>\S+) +\| +GET +"
        r'"(?P<path>/[^"]*)"',
    )
)
_NO_ERROR = ("", "trace", "debug", "info", "notice", "10", "20", "30")  # words, and pino's numbers
_LEVELS, _FAULTS = ("level", "severity", "lvl"), ("err", "error", "exception", "stack", "trace")


@dataclass(frozen=True)
class Own:
    """What fream's checks ask for, and the addresses that they come from, as an app sees them."""

    paths: frozenset[str]
    addresses: frozenset[str]


def excerpt(printed: Iterable[str], own: Own, count: int) -> tuple[str, ...]:
    """The last lines of a log, oldest first, each with its moment where Docker gave one.

    printed: as `docker logs --timestamps` does, both streams together. count: of lines.
    """
    found = [_stamped(line) for line in printed]
    # Two threads of Docker write the streams down: what came first is told by the stamp alone.
    found = sorted(found, key=lambda pair: pair[0]) if all(at for at, _ in found) else found
    told = [(at, text) for at, text in found if not own_request(text, own)]
    folded = [line for _, same in groupby(told, lambda pair: pair[1]) for line in _once([*same])]
    return tuple(folded[-count:])


def own_request(line: str, own: Own) -> bool:
    """Whether a line does no more than tell of a request of fream's own."""
    if line.startswith("{"):
        return AGENT in line and _calm(line)
    form = next((match for access in _ACCESS if (match := access.fullmatch(line))), None)
    if form is None:
        return False
    if agent := form.groupdict().get("agent"):
        return bool(agent == AGENT)
    return form["path"] in own.paths and form["from"] in own.addresses.union(_LOOPBACK)


def _calm(line: str) -> bool:
    """Whether a line of JSON is of a request with fream's User-Agent, and of no fault."""

    def calm(entry: dict[str, Any]) -> bool:
        levels = {str(entry.get(name) or "").lower() for name in _LEVELS}
        faulty = any(entry.get(name) for name in _FAULTS)
        return levels <= set(_NO_ERROR) and not faulty and AGENT in _values(entry)

    try:
        return foreign.of_json(line, calm)
    except ValueError:
        return False


def _values(value: object) -> set[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        return {value}
    inner = [*value.values()] if isinstance(value, dict) else value
    if not isinstance(inner, list):
        return set()
    return set().union(*map(_values, inner))


def _stamped(line: str) -> tuple[str, str]:
    match = _STAMPED.match(line)
    at, text = (match["at"] or "", match["text"]) if match else ("", line)
    return at.strip(), re.sub(_STAMP, "", text) if len(text) > _PIECE else text


def _once(same: Sequence[tuple[str, str]]) -> Iterable[str]:
    """A line that came several times in a row, as one and how many more there were."""
    (at, text), more = same[0], len(same) - 1
    begin = f"{at[:19]}Z " if at.endswith("Z") else ""
    line = hidden(text)
    yield begin + (line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…")
    if more:
        yield f"… {more:,} more like it"
