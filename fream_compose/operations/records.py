"""What `.env` and the history say is live, or was."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.operations.live_images import Claims
from fream_compose.project.entry import Entry
from fream_compose.project.envfile import plain
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName, Version


def named_in_env(
    profiles: str,
    versions: Mapping[SetName, str],
    holds: Mapping[SetName, Version | None],
    released: LiveRelease | None,
) -> LiveRelease | None:
    """The release of the set that the profiles of `.env` name, if they name one."""
    sets = [name for name in SetName if name in plain(profiles).split(",")]
    if len(sets) != 1:
        return None
    try:
        version = holds.get(sets[0]) or Version.parse(versions[sets[0]])
    except (UsageError, IndexError):
        return None
    same = released and released.set == sets[0] and version.may_be(released.version)
    return released if same else LiveRelease(sets[0], version, "")


def claims_of(settings: Settings, live: Sequence[LiveRelease | None]) -> Claims:
    """What a set may have been started from: what is called live, and what ever served."""
    return lambda: [*(each.version for each in live if each), *_served(settings)]


def _served(settings: Settings) -> list[Version]:
    return [Version.parse(entry.version) for entry in _entries(settings)]


def released_last(settings: Settings) -> LiveRelease | None:
    """What the history calls the last release that came to serve; None if it cannot be read."""
    last = next(iter(_entries(settings)), None)
    return LiveRelease(SetName(last.set), Version.parse(last.version), last.id) if last else None


def _entries(settings: Settings) -> list[Entry]:
    """The releases that came to serve, the newest first; none where they cannot be read."""
    with suppress(ConfigurationError):
        newest = reversed(settings.state.history.entries())
        return [entry for entry in newest if entry.served]
    return []
