"""Decisions, made from a snapshot before anything is done. Pure."""

from dataclasses import dataclass
from enum import Enum

from fream_compose.observe import Snapshot
from fream_compose.release import Live, SetName


class Mend(Enum):
    """What an interrupted run left, and what puts it right before a switch."""

    INCLUDE = "nginx and its include disagree: a reload never took, or the file was edited"
    IDLE_SET = "the idle set has containers: a run was interrupted, or they were started by hand"


@dataclass(frozen=True)
class Plan:
    """Where the release goes, what it replaces, and what is put right first."""

    target: SetName
    replaces: Live | None
    mends: tuple[Mend, ...]


def decide(snapshot: Snapshot) -> Plan:
    """Plan a switch: the new release goes where the live one is not."""
    live = snapshot.live
    target = live.set.other if live else SetName.SET1
    idle = {target} if live else set(SetName)
    mends = []
    if snapshot.included != live:
        mends.append(Mend.INCLUDE)
    if idle & snapshot.occupied:
        mends.append(Mend.IDLE_SET)
    return Plan(target, live, tuple(mends))


def profiles(current: str, live: SetName | None) -> str:
    """COMPOSE_PROFILES with the live set in place of any other; the user's own stay."""
    names = [name.strip() for name in current.strip("'\"").split(",")]
    kept = [name for name in names if name and name not in set(SetName)]
    return ",".join([*(kept or ["infra"]), *([live] if live else [])])
