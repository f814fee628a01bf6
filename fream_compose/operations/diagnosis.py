"""What is out of order, and whether users are served, told from a snapshot. Pure."""

from enum import Enum

from fream_compose.errors import (
    FreamError,
    ProxyError,
    ProxySilentError,
    UncertainError,
    UnhealthyError,
)
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.envfile import plain
from fream_compose.project.live_record import profiles
from fream_compose.release import SetName
from fream_compose.times import moment


class Fault(Enum):
    """What can be out of order, in the order in which it is repaired."""

    NGINX_STOPPED = "nginx is not running"
    NGINX_SILENT = "nginx runs but does not answer"
    INCLUDE = "nginx and nginx/live disagree: the link or what it leads to was edited"
    LOST = "nginx does not know what is live: nginx/live, which names it, was lost"
    MAINTENANCE = "nginx and the maintenance files disagree: a reload never took"
    LIVE_SET = "the live set does not run"
    LIVE_VERSION = "the live set was started by hand with another version"
    UNNAMED = "a set runs, but nothing says that it was released"
    IDLE_SET = "the idle set has containers: a run was interrupted, or they were started by hand"
    ENV_FILE = ".env does not name what is live"
    TAGS = "a tag names another image here than the live release's"
    WORKERS = "services that work for the live release only do not, or work for another"


def diagnose(snapshot: Snapshot) -> tuple[Fault, ...]:
    """Everything that is out of order, the first to be repaired first."""
    live = snapshot.live
    if snapshot.silent:
        return (Fault.NGINX_SILENT if snapshot.nginx_runs else Fault.NGINX_STOPPED,)
    wrong = {
        Fault.INCLUDE: snapshot.included != live and not snapshot.lost,
        Fault.LOST: snapshot.lost,
        Fault.MAINTENANCE: snapshot.closed != snapshot.closing,
        Fault.LIVE_SET: live is not None and live.set not in snapshot.running and not snapshot.lost,
        Fault.LIVE_VERSION: _other_version(snapshot),
        Fault.UNNAMED: live is None and bool(snapshot.occupied),
        Fault.IDLE_SET: live is not None and bool(left_over(snapshot)),
        Fault.ENV_FILE: _env_disagrees(snapshot),
        Fault.TAGS: bool(snapshot.misnamed),
        Fault.WORKERS: bool(snapshot.workers.missing or snapshot.workers.astray),
    }
    return tuple(fault for fault in Fault if wrong.get(fault))


def left_over(snapshot: Snapshot) -> frozenset[SetName]:
    """The sets that have containers and should not."""
    live = {snapshot.live.set} if snapshot.live else set()
    held = {snapshot.held.set} if snapshot.held else set()
    return snapshot.occupied - live - held - kept_warm(snapshot)


def cause(fault: Fault, snapshot: Snapshot) -> str:
    """What is out of order, in the words of this very project."""
    overdue = snapshot.overdue
    if fault is Fault.IDLE_SET and overdue and overdue.set in left_over(snapshot):
        return f"{overdue.set} was kept warm until {moment(overdue.until)}, and is overdue"
    if fault is Fault.WORKERS and (workers := snapshot.workers):
        lacks = [f"{service} does not run, and its release is live" for service in workers.missing]
        return "; ".join(
            [
                *lacks,
                *(f"{one.service} is there, and its set is not live" for one in workers.astray),
            ]
        )
    names = f"{', '.join(snapshot.misnamed)}: " if fault is Fault.TAGS else ""
    return f"{names}{fault.value}"


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
    seen = snapshot.health.get(other)
    why = seen.summary if seen else "it does not run"
    return f"{other}, which is live, is not healthy: {snapshot.silent or why}"


def trouble(snapshot: Snapshot, leaving: str = "fream rollback") -> FreamError | None:
    """Why users are not served; None when they are, and before the first release.

    leaving: what to type to have something else live.
    """
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
        seen = snapshot.health.get(live.set)
        return UnhealthyError(
            f"{live.set}, which is live, is not healthy",
            seen.summary if seen else "It does not run",
            next_step=f"fream logs live; {leaving}" if seen else "fream recover",
        )
    if live is None and snapshot.occupied:
        named = " and ".join(sorted(snapshot.occupied))
        return UncertainError(
            "Users are not served: nothing is live",
            f"{named} runs, but nothing says that it was released",
            next_step="fream switch --version VERSION, or fream down",
        )
    return None


def kept_warm(snapshot: Snapshot) -> frozenset[SetName]:
    """The idle set, where it is kept warm and runs. Pure."""
    warm = snapshot.warm
    idle = warm and snapshot.live and warm.set != snapshot.live.set
    return frozenset({warm.set} & snapshot.running) if warm and idle else frozenset()


def _other_version(snapshot: Snapshot) -> bool:
    live, running = snapshot.live, snapshot.running_version
    return live is not None and running is not None and running != live.version


def _env_disagrees(snapshot: Snapshot) -> bool:
    live = snapshot.live
    if snapshot.profiles is None:
        return False
    if plain(snapshot.profiles) != profiles(snapshot.profiles, live.set if live else None):
        return True
    wanted = snapshot.named or str(live.version if live else "")
    return live is not None and snapshot.versions.get(live.set) != wanted
