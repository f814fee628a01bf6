"""A release as programs read it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fream_compose.release import LiveRelease


def as_json(live: "LiveRelease | None") -> dict[str, Any] | None:
    """A release as plain values."""
    return None if live is None else {**asdict(live), "version": str(live.version)}
