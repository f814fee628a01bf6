"""What is live, how it fares, and what else runs."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fream_compose import web
from fream_compose.checks import own_url
from fream_compose.errors import ProxyError
from fream_compose.health import fault_of
from fream_compose.observe import Snapshot, occupied_sets
from fream_compose.plan import decide
from fream_compose.project import Container, Project
from fream_compose.proxy import Proxy, ProxyState
from fream_compose.release import Live, SetName

_HEALTH_SECONDS = 3.0


@dataclass(frozen=True)
class LiveStatus:
    """The live release. since: ISO 8601 in UTC. health: what a request to it answered."""

    set: str
    version: str
    digest: str
    switch: str
    since: str
    healthy: bool
    health: str


@dataclass(frozen=True)
class Status:
    """Everything `fream status` tells."""

    live: LiveStatus | None
    idle: str
    nginx: str
    containers: tuple[Container, ...]
    notices: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def status(project: Project, proxy: Proxy) -> Status:
    """Look, change nothing. Raises EngineError."""
    containers = project.containers()
    try:
        state = proxy.state()
    except ProxyError as error:
        notice = f"{error}; type: {error.next_step}"
        return Status(None, "", f"no answer: {error.why}", containers, (notice,))
    live = state.live
    return Status(
        live=_live(project, live) if live else None,
        idle=live.set.other if live else "",
        nginx=state.nginx_version,
        containers=containers,
        notices=tuple(_notices(project, proxy, state, containers)),
    )


def _live(project: Project, live: Live) -> LiveStatus:
    settings = project.settings.switch.health
    url = own_url(project.settings.sets[live.set].port, settings.path)
    headers = {"Host": settings.host} if settings.host else {}
    try:
        answer = web.get(url, _HEALTH_SECONDS, headers)
        fault = fault_of(answer, settings)
        healthy = not fault
        health = fault or f"HTTP {answer.status} in {answer.seconds * 1000:.0f} ms"
    except web.Unreachable as error:
        healthy, health = False, str(error)
    return LiveStatus(
        set=live.set,
        version=live.version.tag,
        digest=live.version.digest,
        switch=live.switch,
        since=live.since.isoformat() if live.since else "",
        healthy=healthy,
        health=f"{settings.path} {health}",
    )


def _notices(
    project: Project, proxy: Proxy, state: ProxyState, containers: tuple[Container, ...]
) -> list[str]:
    """What is not as it should be, each with the command that mends it."""
    occupied = occupied_sets(project.settings, containers)
    snapshot = Snapshot(state.live, proxy.included(), state.nginx_version, containers, occupied)
    notices = [f"{mend.value}; the next switch puts it right" for mend in decide(snapshot).mends]
    if state.live and state.live.set not in occupied:
        notices.append(f"{state.live.set} is live but does not run; type: fream up")
    return notices


def lines(found: Status, now: datetime) -> list[str]:
    """The status for people, a line for each thing."""
    rows = [_live_line(found.live, now)]
    if found.idle:
        rows.append(("idle", f"{found.idle}  {_runs(found, SetName(found.idle))}"))
    for container in found.containers:
        if container.service not in set(SetName):
            rows.append((container.service, f"{container.status}  {container.image}"))
    rows.append(("proxy", f"nginx {found.nginx}"))
    rows += [("notice", text) for text in found.notices]
    return [f"{label:<8} {text}" for label, text in rows]


def _live_line(live: LiveStatus | None, now: datetime) -> tuple[str, str]:
    if live is None:
        return ("live", "nothing")
    digest = f"  {live.digest[:19]}" if live.digest else ""
    mark = "healthy" if live.healthy else "NOT HEALTHY"
    return ("live", f"{live.set}  {live.version}{digest}  {_since(live, now)}{mark}: {live.health}")


def _since(live: LiveStatus, now: datetime) -> str:
    if not live.since:
        return ""
    since = datetime.fromisoformat(live.since)
    minutes = int((now - since).total_seconds() // 60)
    days, hours = divmod(minutes, 1440)[0], minutes % 1440 // 60
    age = f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"
    return f"since {since.astimezone():%Y-%m-%d %H:%M:%S} ({age})  "


def _runs(found: Status, name: SetName) -> str:
    mine = [c for c in found.containers if c.service == name]
    return f"{mine[0].status}  {mine[0].image}" if mine else "empty"
