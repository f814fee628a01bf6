"""Moments and durations as people read them: one form everywhere, in one zone."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from fream_compose.release import read_moment

_MINUTE, _HOUR, _DAY = 60, 3600, 86400  # seconds


class Zone:
    """The zone that moments are told in: the server's, unless an operator asked for UTC."""

    chosen: tzinfo | None = None


def use_utc(utc: bool) -> None:
    """Tell every moment in UTC, or in the server's own zone."""
    Zone.chosen = UTC if utc else None


def moment(when: datetime | str) -> str:
    """A moment, such as `2026-11-27 11:09:35`. when: with a zone, or ISO 8601 with one."""
    return f"{_local(when):%Y-%m-%d %H:%M:%S}"


def clock(when: datetime | str) -> str:
    """The time of day of a moment, such as `11:09:35`."""
    return f"{_local(when):%H:%M:%S}"


def zone(when: datetime | str) -> str:
    """The zone that a moment is told in, such as `UTC` or `KST, UTC+09:00`."""
    local = _local(when)
    name, offset = local.tzname() or "", f"{local:%z}"
    named = f"UTC{offset[:3]}:{offset[3:5]}"
    return "UTC" if name == "UTC" else f"{name}, {named}" if name.isalpha() else named


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def since(when: datetime | str) -> str:
    """A moment in the midst of a sentence: `2026-11-27 11:09:35 UTC (3 min ago)`."""
    return f"{moment(when)} {_short_zone(when)} ({ago(when, now())})"


def stamped(lines: Iterable[str]) -> list[str]:
    """Lines of a log, the moment that one begins with in our form, and their zone said once.

    Such a moment is ISO 8601 in UTC; of a day before today it keeps its date.
    """
    told, today, beside = list[str](), moment(datetime.now(UTC))[:10], ""
    for line in lines:
        at, _, text = line.partition(" ")
        if (when := _utc(at)) is None:
            told.append(line)
            continue
        beside = " " * len(beside) if beside else _short_zone(when)
        told.append(f"{moment(when).removeprefix(today).strip()} {beside}  {text}")
    return told


def _utc(text: str) -> datetime | None:
    with suppress(ValueError):
        return read_moment(text) if text.endswith("Z") else None
    return None


def ago(when: datetime | str, now: datetime) -> str:
    """How long before now a moment was, such as `3 min ago`, or after it: `in 4 h`."""
    seconds = (now - _local(when)).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    long = abs(seconds)
    told = f"{long:.0f} s" if long < 10 else span(long)
    return f"{told} ago" if seconds > 0 else f"in {told}"


def span(seconds: float) -> str:
    """A duration by its two greatest units: `0.4 s`, `34 s`, `2 min 5 s`, `3 h 4 min`, `5 d`."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "d", _HOUR, "h")


def limit(seconds: float) -> str:
    """How long something may take, in the largest unit that divides it: `90 s`, `5 min`, `1 h`."""
    for unit, name in ((_HOUR, "h"), (_MINUTE, "min")):
        if seconds and not seconds % unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def _two(whole: int, large: int, name: str, small: int, rest: str) -> str:
    count, left = whole // large, whole % large // small
    return f"{count} {name} {left} {rest}" if left else f"{count} {name}"


def _short_zone(when: datetime | str) -> str:
    return zone(when).partition(", ")[0]


def _local(when: datetime | str) -> datetime:
    found = datetime.fromisoformat(when) if isinstance(when, str) else when
    return found.astimezone(Zone.chosen)
