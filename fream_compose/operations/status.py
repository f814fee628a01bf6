"""What is live, how it fares, what users get, and what else runs."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fream_compose.docker.facts import Container
from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, FreamError, ProxyError
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations import as_user
from fream_compose.operations.certificates import HostCertificate, certificates_of
from fream_compose.operations.diagnosis import cause, diagnose
from fream_compose.operations.drift import Drift, drift_of
from fream_compose.operations.live_images import remembered
from fream_compose.operations.overall import Facts, Overall, judge
from fream_compose.operations.ownership import refusal
from fream_compose.operations.rollback import no_way_back
from fream_compose.operations.set_health import SetHealth
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.standing import Turn, beyond_nginx, facts_of, turn_of
from fream_compose.project.entry import Entry
from fream_compose.project.finishing import Finishing
from fream_compose.project.progress import Progress
from fream_compose.release import LiveRelease


@dataclass(frozen=True)
class LiveStatus:
    """The live release. since: ISO 8601 in UTC. health: what a request to it answered.

    images: by reference the digest of each, or its id, where the history knows them.
    """

    set: str
    version: str
    digest: str
    switch: str
    since: str
    healthy: bool
    health: str
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """Everything `fream status` tells.

    verdict: all of it in one line. warm_until: ISO 8601 in UTC, while the idle set is kept
    running for a way back; it may be over. finishing: what was told to stop and finishes its
    work. foreign: why what runs is not this folder's to tell of; then nothing is called live.
    drift: what is set and does not hold yet. no_way_back: why the release before the live one
    cannot be gone back to. certificates: of each host with HTTPS; none where nginx does not say.
    fault: why users are not served; None when they are, and before the first release. run: the
    one at work, where it has said so; held: what waits for somebody to say yes or no. infra: the
    names of what outlives releases.
    """

    live: LiveStatus | None
    idle: str
    nginx: str
    containers: tuple[Container, ...]
    notices: tuple[str, ...]
    verdict: Overall
    project: str = ""
    maintenance: Maintenance | None = None
    warm_until: str = ""
    finishing: tuple[Finishing, ...] = ()
    foreign: str = ""
    drift: tuple[Drift, ...] = ()
    no_way_back: str = ""
    certificates: tuple[HostCertificate, ...] = ()
    fault: FreamError | None = None
    at_work: bool = False
    run: Progress | None = None
    held: str = ""
    infra: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        told = asdict(replace(self, fault=None)) | {"not_served": self.not_served}
        del told["fault"]
        return told | {"notices": [*self._of_run, *self.notices]}

    @property
    def _of_run(self) -> tuple[str, ...]:
        if self.held:
            return (f"{self.held}: fream promote, or fream abort",)
        told = f"another run is at work: {self.run}" if self.run else "another run is at work"
        return (told,) if self.at_work else ()

    @property
    def not_served(self) -> str:
        """Why users are not served; empty when they are, and before the first release."""
        return f"{self.fault}: {self.fault.why}" if self.fault else ""


def status(project: Project, proxy: Proxy) -> Status:
    """Look, change nothing. Raises EngineError."""
    seen = take_snapshot(project, proxy)
    if error := refusal(project):
        return _not_ours(project, seen, error)
    # Beside the other looks: an app that hangs takes all the time that it is given.
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(as_user.ask, project, proxy, seen)
        drift = drift_of(project, proxy, seen)
        certificates, unknown = _certificates(project, proxy, seen)
        turn, entries, closed = turn_of(project), _entries(project), proxy.maintenance()
    live, users = seen.live, asked.result()
    facts = facts_of(project, seen, users, closed, turn, entries)
    facts = replace(facts, drift=drift, certificates=certificates, unsure=(*turn.unsure, *unknown))
    verdict = judge(facts)
    return Status(
        verdict=verdict,
        project=project.settings.project,
        live=_live(entries, seen, live) if live else None,
        idle=seen.live.set.other if seen.live else "",
        nginx=seen.nginx_version or f"no answer: {seen.silent}",
        containers=seen.containers,
        infra=project.settings.infra,
        notices=(
            *_disorder(seen, turn),
            *(f"{one.what}: {one.fix}" for one in seen.workers.ailing),
            *seen.workers.unknown,
            *_of_files(project),
            *unknown,
        ),
        certificates=certificates,
        maintenance=closed,
        warm_until=warm.until if (warm := seen.warm or seen.overdue) else "",
        finishing=seen.workers.finishing,
        drift=drift,
        no_way_back=no_way_back(entries, live.version if live else None),
        fault=facts.fault or beyond_nginx(facts, verdict),
        at_work=turn.taken,
        run=turn.run,
        held=str(seen.held) if seen.held else "",
    )


def _certificates(
    project: Project, proxy: Proxy, seen: Snapshot
) -> tuple[tuple[HostCertificate, ...], tuple[str, ...]]:
    """How each host's fares, or why that is not known."""
    tls = project.settings.switch.tls
    if seen.silent or not tls.hosts:
        return (), ()
    try:
        return certificates_of(tls, proxy.certificates(), datetime.now(UTC)), ()
    except ProxyError as error:
        return (), (f"{error}: {error.why}; {error.next_step}",)


def _entries(project: Project) -> tuple[Entry, ...]:
    """The history; empty where it cannot be read."""
    with suppress(ConfigurationError):
        return project.settings.state.history.entries()
    return ()


def _not_ours(project: Project, seen: Snapshot, error: ConfigurationError) -> Status:
    return Status(
        verdict=judge(Facts(None, foreign=error)),
        project=project.settings.project,
        live=None,
        idle="",
        nginx=seen.nginx_version or f"no answer: {seen.silent}",
        containers=seen.containers,
        notices=(error.next_step,),
        foreign=error.what,
    )


def _disorder(seen: Snapshot, turn: Turn) -> tuple[str, ...]:
    """What is out of order. While a run is at work, that is no news."""
    if turn.taken or turn.unsure:
        return turn.unsure
    return tuple(f"{cause(fault, seen)}; type: fream recover" for fault in diagnose(seen))


def _of_files(project: Project) -> tuple[str, ...]:
    """What Compose says of the project's files."""
    if error := project.unreadable:
        return (f"{error}: {error.why}; all this goes by the settings of the last run",)
    return tuple(map(str, project.warnings))


def _live(entries: tuple[Entry, ...], seen: Snapshot, live: LiveRelease) -> LiveStatus:
    health = seen.health.get(live.set) or SetHealth(good=False, summary="it does not run")
    return LiveStatus(
        set=live.set,
        version=live.version.tag,
        digest=live.version.digest,
        switch=live.switch,
        since=live.since.isoformat() if live.since else "",
        healthy=health.good,
        health=health.summary,
        images=remembered(entries, live),
    )
