"""Removing a set: every removal goes through here, but those of releases and `fream down`."""

from datetime import UTC, datetime

from fream_compose.errors import KeptError
from fream_compose.operations.context import Context
from fream_compose.operations.diagnosis import kept_because
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.taken_back import keep_log_of_killed
from fream_compose.release import SetName

_POLL_SECONDS = 0.2


def remove(context: Context, name: SetName, replaced: bool = False) -> None:
    """Remove a set. replaced: a release takes its place. Raises KeptError where it must stay."""
    snapshot = booted(context, take_snapshot(context.project, context.proxy))
    if name not in snapshot.healthy:
        # One late answer makes no set a bad one that anything may take the place of.
        snapshot = take_snapshot(context.project, context.proxy)
    if reason := kept_because(snapshot, name, replaced):
        compose = context.settings.compose_directory
        services = " ".join(context.settings.sets[name].services)
        raise KeptError(
            f"{name} stays",
            reason,
            next_step="fream status; to go back: fream rollback; if it is not needed: "
            f"cd {compose}; docker compose --profile '*' rm --stop {services}",
        )
    keep_log_of_killed(context, name)
    context.proxy.disarm()
    context.project.compose.remove(name)
    hand_over = HandOver(context)
    hand_over.let_go(name, snapshot.workers.orphans_of(name))
    hand_over.end(name)


def booted(context: Context, snapshot: Snapshot) -> Snapshot:
    """What is seen once the live set has had the time that a new release gets."""
    live, limit = snapshot.live, context.settings.switch.health.timeout.total_seconds()
    deadline = context.clock() + limit
    while (
        live
        and live.set in snapshot.running - snapshot.healthy
        and _age(snapshot, context.settings.sets[live.set].container) < limit
        and context.clock() < deadline
    ):
        context.interruption.wait(_POLL_SECONDS)
        snapshot = take_snapshot(context.project, context.proxy)
    return snapshot


def _age(snapshot: Snapshot, container: str) -> float:
    """The seconds since a container was started; 0 where that is not known."""
    started = next((c.started for c in snapshot.conditions if c.name == container), "")
    try:
        moment = datetime.fromisoformat(f"{started[:19]}+00:00")
    except ValueError:
        return 0.0
    return (datetime.now(UTC) - moment).total_seconds()
