"""Which release to go back to."""

from collections.abc import Iterable

from fream_compose.errors import NothingToRollBackError
from fream_compose.project.history import Entry, Kind
from fream_compose.release import Version


def target(entries: tuple[Entry, ...], live: Version | None, wanted: str = "") -> Version:
    """The release that was live before the one that is, pinned to its digest.

    entries: the history, newest last. What was rolled back from is passed over, so that
    each rollback goes further back, and so is what users fared worse on. wanted: a version
    to look for instead, anywhere, as it was released: its tag, its digest, or both. Raises
    NothingToRollBackError.
    """
    served = [entry for entry in entries if entry.served]
    if wanted:
        return _named(reversed(served), wanted)
    trail = _trail(served)
    while trail and (trail[-1] == live or trail[-1] in _worse(served)):
        trail.pop()
    if trail:
        return trail[-1]
    raise NothingToRollBackError(
        "There is no earlier release to go back to", next_step="fream switch --version VERSION"
    )


def _worse(served: Iterable[Entry]) -> set[Version]:
    """The versions that users fared worse on when they were last released."""
    last = {Version.parse(entry.version): entry.worse for entry in served}
    return {version for version, worse in last.items() if worse}


def _named(served: Iterable[Entry], wanted: str) -> Version:
    for version in (Version.parse(entry.version) for entry in served):
        if wanted in (version.tag, version.digest, str(version)):
            return version
    raise NothingToRollBackError(
        f"{wanted} was never live here", next_step=f"fream switch --version {wanted}"
    )


def _trail(served: Iterable[Entry]) -> list[Version]:
    """The way to what is live: a release adds to it, a rollback takes off what it left."""
    trail: list[Version] = []
    for entry in served:
        version = Version.parse(entry.version)
        if entry.kind is Kind.ROLLBACK and version in trail:
            while trail[-1] != version:
                trail.pop()
        else:
            trail.append(version)
    return trail
