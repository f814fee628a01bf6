"""What is live, how it fares, and what else runs."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from fream_compose.docker.facts import Container
from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, FreamError
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.diagnosis import cause, diagnose, trouble
from fream_compose.operations.drift import Drift, drift_of
from fream_compose.operations.ownership import refusal
from fream_compose.operations.snapshot import Health, Snapshot, take_snapshot
from fream_compose.project import lock
from fream_compose.project.notes import Notes
from fream_compose.release import LiveRelease


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
    seen = take_snapshot(project, proxy)
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
        return tuple(f"{cause(fault, seen)}; type: fream recover" for fault in diagnose(seen))
    if seen.held:
        return (f"{seen.held}: fream promote, or fream abort",)
    progress = Notes(state).progress()
    known = progress is not None and progress.exit_code is None
    return (f"another run is at work: {progress}" if known else "another run is at work",)


def _live(seen: Snapshot, live: LiveRelease) -> LiveStatus:
    health = seen.health.get(live.set) or Health(good=False, summary="it does not run")
    return LiveStatus(
        set=live.set,
        version=live.version.tag,
        digest=live.version.digest,
        switch=live.switch,
        since=live.since.isoformat() if live.since else "",
        healthy=health.good,
        health=health.summary,
    )
