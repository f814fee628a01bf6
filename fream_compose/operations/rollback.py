"""Which release to go back to."""

from collections.abc import Iterable

from fream_compose.errors import NothingToRollBackError, NoWayBackError
from fream_compose.project.entry import Entry, Kind
from fream_compose.release import Version

NO_WAY_BACK = "fream.no-way-back"  # the label of an image; its value is the reason
_Release = tuple[str, frozenset[str]]


def target(
    entries: tuple[Entry, ...], live: Version | None, wanted: str = "", forced: bool = False
) -> Entry:
    """The release that was live before the one that is, with all that is remembered of it.

    entries: the history, newest last. What was rolled back from is passed over, so that
    each rollback goes further back, and so is what users fared worse on. wanted: a version
    to look for instead, anywhere, as it was released: its tag, its digest, or both. forced:
    whatever a release says of a way back behind it. Raises NothingToRollBackError.
    """
    found = _found([entry for entry in entries if entry.served], live, wanted)
    if not forced and found.version != str(live):
        _reject_past_no_return(entries, found)
    return found


def no_way_back(entries: tuple[Entry, ...], live: Version | None) -> str:
    """Why the release before the live one is refused; empty where it is not, or there is none."""
    try:
        target(entries, live)
    except NoWayBackError as error:
        return f"{error}: {error.why}"
    except NothingToRollBackError:
        pass
    return ""


def leaving(entries: tuple[Entry, ...], live: Version | None) -> str:
    """What to type to leave the live release: a rollback, where there is one to go back to."""
    try:
        target(entries, live)
    except (NoWayBackError, NothingToRollBackError):
        return "fream switch VERSION"
    return "fream rollback"


def _reject_past_no_return(entries: tuple[Entry, ...], wanted: Entry) -> None:
    """Raise NoWayBackError where a release after it said that there is no way back behind it.

    One that failed counts, too: its migrations may have run. A rollback brings none: what it
    went back to is counted where it was released.
    """
    last = max(n for n, e in enumerate(entries) if e.served and e.version == wanted.version)
    for entry in entries[last + 1 :]:
        new = entry.kind is not Kind.ROLLBACK and entry.version != wanted.version
        if entry.no_way_back and new:
            raise NoWayBackError(
                f"There is no way back behind {Version.parse(entry.version).tag}",
                entry.no_way_back,
                next_step=f"fream rollback --to {wanted.version} --force, "
                "if it can serve all the same",
            )


def is_past_no_return(entries: tuple[Entry, ...], wanted: Entry) -> bool:
    """Whether a release after it said that there is no way back behind it."""
    try:
        _reject_past_no_return(entries, wanted)
    except NoWayBackError:
        return True
    return False


def _found(served: list[Entry], live: Version | None, wanted: str) -> Entry:
    if wanted:
        return _named(reversed(served), wanted)
    now = {entry.version: entry.release for entry in served}.get(str(live))
    trail, passed = _left(_trail(served), str(live)), {now, *_worse(served)}
    while trail and trail[-1].release in passed:
        trail.pop()
    if trail:
        return trail[-1]
    raise NothingToRollBackError(
        "There is no earlier release to go back to", next_step="fream switch VERSION"
    )


def _worse(served: Iterable[Entry]) -> set[_Release]:
    """The releases that users fared worse on when they were last made."""
    last = {entry.release: entry.worse for entry in served}
    return {release for release, worse in last.items() if worse}


def _named(served: Iterable[Entry], wanted: str) -> Entry:
    for entry in served:
        version = Version.parse(entry.version)
        if wanted in (version.tag, version.digest, str(version)):
            return entry
    raise NothingToRollBackError(
        f"{wanted} was never live here", next_step=f"fream switch --version {wanted}"
    )


def _trail(served: Iterable[Entry]) -> list[Entry]:
    """The way to what is live: a release adds to it, a rollback takes off what it left.

    So does a repair that had an earlier one serve, of which what was replaced later tells.
    """
    trail: list[Entry] = []
    for entry in served:
        if entry.kind is Kind.ROLLBACK and entry.release in [each.release for each in trail]:
            while trail[-1].release != entry.release:
                trail.pop()
        else:
            trail = [*_left(trail, entry.replaced), entry]
    return trail


def _left(trail: list[Entry], serves: str) -> list[Entry]:
    """The way without what was left, where this version served later."""
    last = max((n for n, entry in enumerate(trail) if entry.version == serves), default=len(trail))
    return trail[: last + 1]
