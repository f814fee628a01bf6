"""What the verdict of `fream status` is made of, gathered from what was seen."""

from dataclasses import dataclass

from fream_compose import times
from fream_compose.docker.facts import Condition
from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, FreamError, ProxyError
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.operations.as_user import UsersGet
from fream_compose.operations.diagnosis import cause, diagnose, trouble
from fream_compose.operations.overall import NOT_SERVED, Facts, Level, Overall
from fream_compose.operations.rollback import leaving
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project import lock
from fream_compose.project.entry import Entry
from fream_compose.project.history import of_release
from fream_compose.project.progress import Progress


@dataclass(frozen=True)
class Turn:
    """Whether a run holds the project, and which; or why that is not known."""

    taken: bool = False
    run: Progress | None = None
    unsure: tuple[str, ...] = ()


def turn_of(project: Project) -> Turn:
    """Who holds the project now."""
    try:
        if lock.free(project.settings.state_directory):
            return Turn()
    except ConfigurationError as error:
        return Turn(unsure=(f"{error.what}: {error.why}; {error.next_step}",))
    found = project.settings.state.notes.progress()
    return Turn(True, found if found and found.exit_code is None else None)


def facts_of(
    project: Project,
    seen: Snapshot,
    users: UsersGet | None,
    closed: Maintenance | None,
    turn: Turn,
    entries: tuple[Entry, ...],
) -> Facts:
    """What the verdict is made of, but for what is asked beside the snapshot."""
    live = seen.live
    served = of_release(entries, live.switch, str(live.version)) if live else None
    way_back = leaving(entries, live.version if live else None)
    # What a first release runs is not live yet, and that is no trouble.
    first = live is None and not seen.silent and turn.taken
    return Facts(
        users,
        live=f"{live.version.tag} in {live.set}" if live else "",
        silent=seen.silent,
        stopped=not seen.nginx_runs,
        empty=not any(c.state == "running" for c in seen.containers),
        closed=_since(closed) if seen.closed else "",
        fault=None if first else trouble(seen, way_back),
        at_work=turn.taken,
        released=any(entry.served for entry in entries),
        infra=_infra(project, seen),
        failing=(live.version.tag, way_back) if live and served and served.worse else None,
        ailing=seen.workers.ailing,
        disorder=tuple(cause(fault, seen) for fault in diagnose(seen)),
        unreadable=project.unreadable,
    )


def _since(closed: Maintenance | None) -> str:
    """Since when the app is closed, for people."""
    since = closed.since if closed else None
    return f"since {times.moment(since)}" if since else "by nginx's files"


def _infra(project: Project, seen: Snapshot) -> tuple[str, ...]:
    """What is wrong with the services that outlive releases."""
    found = {c.service: c for c in seen.conditions}
    words = {name: _ailment(found.get(name)) for name in project.settings.infra}
    return tuple(f"{name} {what}" for name, what in words.items() if what)


def _ailment(found: Condition | None) -> str:
    if found is None:
        return "has no container"
    if not found.working:
        return f"is {found.state}"
    return "does not pass its health check" if found.health == "unhealthy" else ""


def beyond_nginx(facts: Facts, verdict: Overall) -> FreamError | None:
    """Why users do not get what is healthy; None where they do, or the app is closed."""
    if verdict.level is not Level.DOWN or not facts.live or facts.closed:
        return None
    get = facts.users.text if facts.users and not facts.users.served else ""
    return ProxyError(f"{NOT_SERVED}{verdict.what}", get, next_step=verdict.fix)
