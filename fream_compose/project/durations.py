"""Durations as operators write them: `200ms`, `5s`, `1.5m`, `1h`."""

import re
from datetime import timedelta

from fream_compose.text import given

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_DAY = 24 * 3600.0
_LONGEST_DRAIN = timedelta(hours=1)


def duration(value: object) -> timedelta:
    """Read a duration. Raises ValueError for anything else, for zero and for more than 24h."""
    match = _PART.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"{given(value)} is not a duration; write a number and ms, s, m or h")
    seconds = float(match[1]) * _SECONDS[match[2]]
    read = timedelta(seconds=min(seconds, 2 * _DAY))
    if not 0 < read.total_seconds() <= _DAY:  # less than a microsecond is none
        raise ValueError(f"{given(value)} must be more than zero and at most 24h")
    return read


def duration_or_zero(value: object) -> timedelta:
    """Read a duration that may be zero, with a unit or without."""
    return timedelta() if re.fullmatch(r"0(ms|s|m|h)?", str(value).strip()) else duration(value)


def duration_or_none(value: object) -> timedelta | None:
    """Read a duration that may be left out."""
    return duration(value) if value else None


def drain_duration(value: object) -> timedelta:
    """Read how long a drain may take, at most one hour."""
    if (read := duration(value)) > _LONGEST_DRAIN:
        raise ValueError(f"{given(value)} must be at most 1h: nginx ends its old workers then")
    return read


def seconds_of(text: str) -> float:
    """The seconds of a duration in Compose's own writing, such as 1m10s."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def shown(seconds: float) -> str:
    """Write a duration in the largest unit that divides it."""
    unit = next((unit for unit in "hms" if seconds % _SECONDS[unit] == 0), None)
    return f"{seconds / _SECONDS[unit]:g}{unit}" if unit else f"{seconds * 1000:.12g}ms"
