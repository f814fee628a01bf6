"""What is live, how it fares, and what else runs."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from fream_compose import lock
from fream_compose.drift import Drift, drift_of
from fream_compose.errors import ConfigurationError, FreamError
from fream_compose.maintenance import Maintenance
from fream_compose.maintenance import told as maintenance_told
from fream_compose.observe import Health, Snapshot, observe
from fream_compose.ownership import refusal
from fream_compose.plan import cause, diagnose, trouble
from fream_compose.project import Container, Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, SetName
from fream_compose.state import Notes


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

    warm_until: ISO 8601 in UTC, while the idle set is kept running for a way back; it may be over.
    foreign: why what runs is not this folder's to tell of; then nothing is called live. drift:
    what is set and does not hold yet. fault: why users are not served; None when they are,
    and before the first release.
    """

    live: LiveStatus | None
    idle: str
    nginx: str
    containers: tuple[Container, ...]
    notices: tuple[str, ...]
    maintenance: Maintenance | None = None
    warm_until: str = ""
    foreign: str = ""
    drift: tuple[Drift, ...] = ()
    fault: FreamError | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        told = asdict(replace(self, fault=None)) | {"not_served": self.not_served}
        del told["fault"]
        return told

    @property
    def not_served(self) -> str:
        """Why users are not served; empty when they are, and before the first release."""
        return f"{self.fault}: {self.fault.why}" if self.fault else ""


def status(project: Project, proxy: Proxy) -> Status:
    """Look, change nothing. Raises EngineError."""
    seen = observe(project, proxy)
    if error := refusal(project):
        return _not_ours(seen, error)
    fault = trouble(seen)
    # What a first release runs is not live yet, and that is no trouble.
    first = seen.live is None and not seen.silent and _at_work(project)
    return Status(
        live=_live(seen, seen.live) if seen.live else None,
        idle=seen.live.set.other if seen.live else "",
        nginx=seen.nginx_version or f"no answer: {seen.silent}",
        containers=seen.containers,
        notices=_notices(project, seen),
        maintenance=proxy.maintenance(),
        warm_until=warm.until if (warm := seen.warm or seen.overdue) else "",
        drift=drift_of(project, proxy, seen),
        fault=None if first else fault,
    )


def _at_work(project: Project) -> bool:
    try:
        return not lock.free(project.settings.state_directory)
    except ConfigurationError:
        return False


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
        return tuple(f"{cause(mend, seen)}; type: fream recover" for mend in diagnose(seen))
    if seen.held:
        return (f"{seen.held}: fream promote, or fream abort",)
    progress = Notes(state).progress()
    known = progress is not None and progress.exit_code is None
    return (f"another run is at work: {progress}" if known else "another run is at work",)


def _live(seen: Snapshot, live: Live) -> LiveStatus:
    health = seen.health.get(live.set) or Health(good=False, told="it does not run")
    return LiveStatus(
        set=live.set,
        version=live.version.tag,
        digest=live.version.digest,
        switch=live.switch,
        since=live.since.isoformat() if live.since else "",
        healthy=health.good,
        health=health.told,
    )


def lines(found: Status, now: datetime) -> list[str]:
    """The status for people, a line for each thing."""
    rows = [("live", f"not known. {found.foreign}")] if found.foreign else []
    rows = rows or [_live_line(found.live, now)]
    if found.fault and (found.live is None or found.live.healthy):
        rows.insert(0, ("DOWN", found.not_served))
    if found.idle:
        kept = _kept_warm(found.warm_until, now) if found.warm_until else ""
        rows.append(("idle", f"{found.idle}  {_runs(found, SetName(found.idle))}{kept}"))
    for container in found.containers:
        if found.foreign or container.service not in set(SetName):
            rows.append((container.service, f"{container.status}  {container.image}"))
    rows.append(("proxy", f"nginx {found.nginx}"))
    rows += [("closed", maintenance_told(found.maintenance))] if found.maintenance else []
    rows += [("drift", drift.told) for drift in found.drift]
    rows += [("notice", text) for text in found.notices]
    return [f"{label:<8} {text}" for label, text in rows]


def _kept_warm(until: str, now: datetime) -> str:
    overdue = ", which is over" if datetime.fromisoformat(until) < now else ""
    return f"  kept warm until {_local(until)}{overdue}"


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
