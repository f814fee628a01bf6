"""Which release to go back to."""

from fream_compose.errors import NothingToRollBackError
from fream_compose.history import Entry
from fream_compose.release import Version


def target(entries: tuple[Entry, ...], live: Version | None, wanted: str = "") -> Version:
    """The newest release that was live before and is not now, pinned to its digest.

    entries: the history, newest last. wanted: a version to look for instead, as it was
    released: its tag, its digest, or both. Raises NothingToRollBackError.
    """
    for entry in reversed(entries):
        version = Version.parse(entry.version)
        if entry.done and _fits(version, live, wanted):
            return version
    if wanted:
        raise NothingToRollBackError(
            f"{wanted} was never live here", next_step=f"fream switch --version {wanted}"
        )
    raise NothingToRollBackError(
        "There is no earlier release to go back to", next_step="fream switch --version VERSION"
    )


def _fits(version: Version, live: Version | None, wanted: str) -> bool:
    if wanted:
        return wanted in (version.tag, version.digest, str(version))
    return version != live
