"""What is live, from all that know of it. Pure.

In this order: nginx's own answer; the include; `.env` and the history, together with what
runs and is healthy. The history alone decides nothing.

| nginx answers | include | `.env`, history | runs and is healthy | live | to do |
|---|---|---|---|---|---|
| A | A | any | any | A | nothing |
| A | not A | any | any | A | write the include |
| nothing | B | any | B | B | serve B |
| nothing | none, or does not run well | C | C | C | serve C |
| nothing | any | `.env` names C, another agrees | none of them | C | start C |
| nothing | any | any | only what nobody names | nothing | remove nothing, say so |
| nothing | B | not C | none of them | nothing | remove the include |
| no answer | B | any | any | B | start nginx |
| no answer | none | C | C, or as above | C | start nginx |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fream_compose.release import LiveRelease, SetName, Version


@dataclass(frozen=True)
class Witnesses:
    """What each of them says.

    answer: nginx's own; None when it says that nothing is live, or does not answer.
    included: what the include names. env: the set that the profiles of `.env` name.
    released: what the history calls the last release. containers: for each set that has a
    container its version, None where that cannot be read. healthy: sets that answer well.
    """

    silent: bool
    answer: LiveRelease | None
    included: LiveRelease | None
    env: LiveRelease | None = None
    released: LiveRelease | None = None
    containers: Mapping[SetName, Version | None] = field(default_factory=dict)
    healthy: frozenset[SetName] = frozenset()


@dataclass(frozen=True)
class Finding:
    """What is live. lost: nginx answers, and does not know of it."""

    live: LiveRelease | None
    lost: bool = False


def judge(seen: Witnesses) -> Finding:
    """What is live, by the first witness that can be believed."""
    if seen.silent:
        return Finding(seen.included or _adopted(seen))
    if seen.answer:
        return Finding(seen.answer)
    live = _adopted(seen)
    return Finding(live, lost=live is not None)


def _adopted(seen: Witnesses) -> LiveRelease | None:
    """The first release that is named and runs well, or else the one that must be started."""
    named = (seen.included, seen.env, seen.released)
    well = (live for live in named if live and live.set in seen.healthy and _holds(seen, live))
    return next(well, None) or _confirmed(seen)


def _confirmed(seen: Witnesses) -> LiveRelease | None:
    """What `.env` names, where another witness agrees."""
    live = seen.env
    if live is None:
        return None
    others = (seen.included, seen.released)
    agreed = any(o and (o.set, o.version) == (live.set, live.version) for o in others)
    return live if agreed or (live.set in seen.containers and _holds(seen, live)) else None


def _holds(seen: Witnesses, live: LiveRelease) -> bool:
    """Whether a set's container was made from a release, as far as can be read."""
    return seen.containers.get(live.set) in (None, live.version)
