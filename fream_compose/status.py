"""What is live, how it fares, and what else runs."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fream_compose import lock, web
from fream_compose.checks import own_url
from fream_compose.errors import ConfigurationError
from fream_compose.health import fault_of
from fream_compose.maintenance import Maintenance, told
from fream_compose.observe import Snapshot, observe
from fream_compose.ownership import refusal
from fream_compose.plan import diagnose
from fream_compose.project import Container, Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, SetName
from fream_compose.state import Notes

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
    """Everything `fream status` tells.

    warm_until: ISO 8601 in UTC, while the idle set is kept running for a way back.
    foreign: why what runs is not this folder's to tell of; then nothing is called live.
    """

    live: LiveStatus | None
    idle: str
    nginx: str
    containers: tuple[Container, ...]
    notices: tuple[str, ...]
    maintenance: Maintenance | None = None
    warm_until: str = ""
    foreign: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def status(project: Project, proxy: Proxy) -> Status:
    """Look, change nothing. Raises EngineError."""
    seen = observe(project, proxy)
    if error := refusal(project):
        return _not_ours(seen, error)
    return Status(
        live=_live(project, seen.live) if seen.live else None,
        idle=seen.live.set.other if seen.live else "",
        nginx=seen.nginx_version or f"no answer: {seen.silent}",
        containers=seen.containers,
        notices=_notices(project, seen),
        maintenance=proxy.maintenance(),
        warm_until=seen.warm.until if seen.warm else "",
    )


def _not_ours(seen: Snapshot, error: ConfigurationError) -> Status:
    return Status(
        live=None,
        idle="",
        nginx=seen.nginx_version or f"no answer: {seen.silent}",
        containers=seen.containers,
        notices=(error.next_step,),
        foreign=error.what,
    )


def _notices(project: Project, seen: Snapshot) -> tuple[str, ...]:
    """What an operator should know. While a run is at work, disorder is no news."""
    state = project.settings.state_directory
    try:
        free = lock.free(state)
    except ConfigurationError as error:
        return (f"{error.what}: {error.why}; {error.next_step}",)
    if free:
        return tuple(f"{mend.value}; type: fream recover" for mend in diagnose(seen))
    if held := Notes(state).held():
        return (f"{held['version']} waits for: fream promote, or fream abort",)
    return ("another run is at work",)


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


def lines(found: Status, now: datetime) -> list[str]:
    """The status for people, a line for each thing."""
    rows = [("live", f"not known. {found.foreign}")] if found.foreign else []
    rows = rows or [_live_line(found.live, now)]
    if found.idle:
        kept = f"  kept warm until {_local(found.warm_until)}" if found.warm_until else ""
        rows.append(("idle", f"{found.idle}  {_runs(found, SetName(found.idle))}{kept}"))
    for container in found.containers:
        if found.foreign or container.service not in set(SetName):
            rows.append((container.service, f"{container.status}  {container.image}"))
    rows.append(("proxy", f"nginx {found.nginx}"))
    rows += [("closed", told(found.maintenance))] if found.maintenance else []
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
    return f"since {_local(live.since)} ({age})  "


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def _runs(found: Status, name: SetName) -> str:
    mine = [c for c in found.containers if c.service == name]
    return f"{mine[0].status}  {mine[0].image}" if mine else "empty"
