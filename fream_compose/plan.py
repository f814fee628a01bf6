"""Decisions, made from a snapshot before anything is done. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from fream_compose.envfile import plain
from fream_compose.errors import (
    FreamError,
    ProxyError,
    ProxySilentError,
    UncertainError,
    UnhealthyError,
)
from fream_compose.history import Kind
from fream_compose.observe import Snapshot
from fream_compose.release import Live, SetName, Version


class Mend(Enum):
    """What can be out of order, in the order in which it is put right."""

    NGINX_STOPPED = "nginx is not running"
    NGINX_SILENT = "nginx runs but does not answer"
    INCLUDE = "nginx and service-url.inc disagree: a reload never took, or the file was edited"
    LOST = "nginx serves nothing: service-url.inc, which names the live release, was lost"
    MAINTENANCE = "nginx and the maintenance files disagree: a reload never took"
    LIVE_SET = "the live set does not run"
    LIVE_VERSION = "the live set was started by hand with another version"
    UNNAMED = "a set runs, but nothing says that it was released"
    IDLE_SET = "the idle set has containers: a run was interrupted, or they were started by hand"
    ENV_FILE = ".env does not name what is live"


@dataclass(frozen=True)
class Wish:
    """What the operator asks for.

    hold: wait for a verdict before the cut-over. keep_warm: how long the old set stays
    running; None removes it. kind: on a rollback a set that was kept warm with this very
    version may serve at once. skip_hooks: run none of the user's commands.
    """

    version: Version
    hold: bool = False
    keep_warm: timedelta | None = None
    kind: Kind = Kind.SWITCH
    skip_hooks: bool = False


@dataclass(frozen=True)
class Plan:
    """Where the release goes, what it replaces, and the version that is kept warm there.

    worn: what is kept warm is not fit to serve as it is.
    """

    target: SetName
    replaces: Live | None
    warm: str = ""
    worn: bool = False

    def reuses(self, wish: Wish) -> bool:
        """Whether the set that is kept warm serves as it is."""
        fits = wish.kind is Kind.ROLLBACK and self.warm == str(wish.version)
        return fits and not self.worn


def decide(snapshot: Snapshot) -> Plan:
    """Plan a switch: the new release goes where the live one is not."""
    live, warm = snapshot.live, snapshot.warm
    # Where nothing is live, what runs all the same may be good: best leave it alone.
    free = sorted(frozenset(SetName) - snapshot.occupied) or sorted(
        SetName, key=lambda name: name in snapshot.healthy
    )
    target = live.set.other if live else free[0]
    return Plan(target, live, warm.version if warm and target in _warm(snapshot) else "")


def diagnose(snapshot: Snapshot) -> tuple[Mend, ...]:
    """Everything that is out of order, the first to be put right first."""
    live = snapshot.live
    if snapshot.silent:
        return (Mend.NGINX_SILENT if snapshot.nginx_runs else Mend.NGINX_STOPPED,)
    wrong = {
        Mend.INCLUDE: snapshot.included != live and not snapshot.lost,
        Mend.LOST: snapshot.lost,
        Mend.MAINTENANCE: snapshot.closed != snapshot.closing,
        Mend.LIVE_SET: live is not None and live.set not in snapshot.running and not snapshot.lost,
        Mend.LIVE_VERSION: _other_version(snapshot),
        Mend.UNNAMED: live is None and bool(snapshot.occupied),
        Mend.IDLE_SET: live is not None and bool(left_over(snapshot)),
        Mend.ENV_FILE: _env_disagrees(snapshot),
    }
    return tuple(mend for mend in Mend if wrong.get(mend))


def left_over(snapshot: Snapshot) -> frozenset[SetName]:
    """The sets that have containers and should not."""
    live = {snapshot.live.set} if snapshot.live else set()
    held = {snapshot.held.set} if snapshot.held else set()
    return snapshot.occupied - live - held - _warm(snapshot)


def cause(mend: Mend, snapshot: Snapshot) -> str:
    """What is out of order, in the words of this very project."""
    overdue = snapshot.overdue
    if mend is Mend.IDLE_SET and overdue and overdue.set in left_over(snapshot):
        return f"{overdue.set} was kept warm until {overdue.until}, and is overdue"
    return mend.value


def kept_because(snapshot: Snapshot, name: SetName, replaced: bool = False) -> str:
    """Why a set must not be removed; empty when it may go.

    The rule for every removal but that of `fream down` and of a release that never served:
    another set must be live and healthy. replaced: a release takes the place of what runs
    there, so that nothing is lost where that is not healthy itself.
    """
    live, other = snapshot.live, name.other
    if live and live.set == other and not snapshot.silent and other in snapshot.healthy:
        return ""
    if replaced and name not in snapshot.healthy and (live is None or live.set == other):
        return ""
    if live is None:
        return f"{name} may be all there is: nothing else is live"
    if live.set == name:
        return f"{name} is live"
    told = snapshot.health.get(other)
    why = told.told if told else "it does not run"
    return f"{other}, which is live, is not healthy: {snapshot.silent or why}"


def trouble(snapshot: Snapshot) -> FreamError | None:
    """Why users are not served; None when they are, and before the first release."""
    live = snapshot.live
    if snapshot.silent:
        return ProxySilentError(
            "Users are not served: nginx does not answer",
            snapshot.silent,
            next_step="fream recover",
        )
    if snapshot.lost and live:
        return ProxyError(
            "Users are not served: nginx does not know what is live",
            f"{live.version.short} in {live.set} should be",
            next_step="fream recover",
        )
    if live and live.set not in snapshot.healthy:
        told = snapshot.health.get(live.set)
        return UnhealthyError(
            f"{live.set}, which is live, is not healthy",
            told.told if told else "It does not run",
            next_step="fream logs live; fream rollback" if told else "fream recover",
        )
    if live is None and snapshot.occupied:
        named = " and ".join(sorted(snapshot.occupied))
        return UncertainError(
            "Users are not served: nothing is live",
            f"{named} runs, but nothing says that it was released",
            next_step="fream switch --version VERSION, or fream down",
        )
    return None


def _warm(snapshot: Snapshot) -> frozenset[SetName]:
    """The idle set, where it is kept warm and runs."""
    warm = snapshot.warm
    idle = warm and snapshot.live and warm.set != snapshot.live.set
    return frozenset({warm.set} & snapshot.running) if warm and idle else frozenset()


def _other_version(snapshot: Snapshot) -> bool:
    live, running = snapshot.live, snapshot.running_version
    return live is not None and running is not None and running != live.version


def _env_disagrees(snapshot: Snapshot) -> bool:
    live = snapshot.live
    if plain(snapshot.profiles) != profiles(snapshot.profiles, live.set if live else None):
        return True
    return live is not None and snapshot.versions.get(live.set) != str(live.version)


def profiles(current: str, live: SetName | None) -> str:
    """COMPOSE_PROFILES with the live set in place of any other; the user's own stay."""
    names = [name.strip() for name in plain(current).split(",")]
    kept = [name for name in names if name and name not in set(SetName)]
    return ",".join([*(kept or ["infra"]), *([live] if live else [])])
