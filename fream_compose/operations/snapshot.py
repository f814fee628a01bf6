"""What really runs, read before anything is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fream_compose.docker.facts import Condition, Container
from fream_compose.docker.project import Project
from fream_compose.errors import ProxySilentError
from fream_compose.nginx.maintenance import id_of
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.live_images import consists_of, misnamed, named, version_of
from fream_compose.operations.records import claims_of, named_in_env, released_last
from fream_compose.operations.set_health import SetHealth, health_of
from fream_compose.operations.witnesses import Witnesses, judge
from fream_compose.operations.workers import Workers, finishing_of, workers_of
from fream_compose.project import lock, sharing
from fream_compose.project.envfile import version_variable
from fream_compose.project.layout import CONTROL, HTTPS, url_of
from fream_compose.project.notes import Held, Notes, Warm
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName, Version


@dataclass(frozen=True)
class Snapshot:
    """The state of a project.

    live: what is live, by the witnesses. included: what the include names. lost: nginx
    answers, and does not know what is live. silent: why nginx does not answer; empty when
    it does. closed, closing: the id of the maintenance that nginx is in, and that its files
    name. occupied: sets with a container, but for those that only finish their work. running:
    sets whose app runs. health: how those answer, each at the port where it really is. looks:
    whether nginx looks at what a switch renames. holds: for each occupied set the version that
    its app's container was made from; None where that cannot be read. warm: the idle set, when
    it is kept running for a way back. overdue: the same, when its time is over. held: the
    switch that another run holds, waiting for a verdict. profiles, versions: what `.env` says;
    None and nothing for who may not read it. named: what it should say of the live set's version.
    misnamed: names of live images that mean another one here by now. workers: the other
    containers.
    """

    live: LiveRelease | None
    included: LiveRelease | None
    lost: bool = False
    silent: str = ""
    closed: str = ""
    closing: str = ""
    nginx_version: str = ""
    containers: tuple[Container, ...] = ()
    conditions: tuple[Condition, ...] = ()
    nginx_runs: bool = True
    looks: bool = True
    occupied: frozenset[SetName] = frozenset()
    running: frozenset[SetName] = frozenset()
    health: dict[SetName, SetHealth] = field(default_factory=dict)
    holds: dict[SetName, Version | None] = field(default_factory=dict)
    warm: Warm | None = None
    overdue: Warm | None = None
    held: Held | None = None
    profiles: str | None = ""
    versions: dict[SetName, str] = field(default_factory=dict)
    named: str = ""
    misnamed: tuple[str, ...] = ()
    workers: Workers = field(default_factory=Workers)

    @property
    def running_version(self) -> Version | None:
        """What the live set's container was made from, where that can be read."""
        return self.holds.get(self.live.set) if self.live else None

    @property
    def healthy(self) -> frozenset[SetName]:
        """The sets that answer well."""
        return frozenset(name for name, health in self.health.items() if health.good)

    @property
    def http_urls(self) -> tuple[str, ...]:
        """Where nginx is really published without TLS, as seen from this server."""
        found = (
            url_of(host, port)
            for c in self.conditions
            if c.service == "nginx"
            for inner, host, port in c.reached
            if inner not in (HTTPS, CONTROL)
        )
        return tuple(sorted({*found}))  # each once, though it is for IPv4 and IPv6


def take_snapshot(project: Project, proxy: Proxy) -> Snapshot:
    """Look at the project; changes nothing. Raises EngineError and ConfigurationError."""
    settings = project.settings
    containers, conditions = project.inspected()
    if port := _port(settings.nginx_container, CONTROL, conditions):
        project.containers.found_at(settings.nginx_container, port)
    included, answer, nginx_version, silent, closed = proxy.included(), None, "", "", ""
    looks = True
    notes, now = settings.state.notes, datetime.now(UTC)
    warm, nginx_runs = notes.warm(), _runs(settings.nginx_container, containers)
    try:
        if not nginx_runs:
            # What answers on its port is then another project's.
            raise ProxySilentError("nginx does not run")
        state = proxy.state()
        answer, nginx_version, closed = state.live, state.nginx_version, state.maintenance
        looks = state.looks
    except ProxySilentError as error:
        silent = error.why or error.what
    profiles, versions = _in_env(project)
    finishing = finishing_of(settings.state.finishing.all(), conditions)
    told = {one.container for one in finishing}
    occupied = occupied_sets(settings, tuple(c for c in containers if c.id not in told))
    staying = tuple(c for c in conditions if c.id not in told)
    claims = claims_of(settings, (answer, included))
    holds = {name: version_of(project, name, conditions, claims) for name in occupied}
    running = frozenset(
        name for name, spec in settings.sets.items() if _runs(spec.container, containers)
    )
    health = {name: _health(project, name, conditions, holds[name]) for name in sorted(running)}
    # Only where nginx does not say what is live are the others asked.
    released = None if answer else released_last(settings)
    found = judge(
        Witnesses(
            silent=bool(silent),
            answer=answer,
            included=included,
            env=named_in_env(profiles or "", versions, holds, released),
            released=released,
            containers=holds,
            healthy=frozenset(name for name, found in health.items() if found.good),
        )
    )
    live = found.live
    return Snapshot(
        live=live,
        included=included,
        lost=found.lost,
        silent=silent,
        closed=closed,
        closing=id_of(proxy.maintenance()),
        nginx_version=nginx_version,
        containers=containers,
        conditions=conditions,
        nginx_runs=nginx_runs,
        looks=looks,
        occupied=occupied,
        running=running,
        health=health,
        holds=holds,
        warm=warm if warm and warm.valid(now) else None,
        overdue=warm if warm and not warm.valid(now) else None,
        # A note without a run that holds the project was left by one that was killed.
        held=_held(settings, notes),
        profiles=profiles,
        versions=versions,
        named=named(project, live, versions.get(live.set, "")) if live else "",
        misnamed=misnamed(project, live, staying) if live else (),
        workers=workers_of(
            settings,
            live,
            conditions,
            finishing,
            now,
            tuple(consists_of(settings, live).values()) if live else (),
        ),
    )


def _in_env(project: Project) -> tuple[str | None, dict[SetName, str]]:
    if sharing.closed(project.env.path):
        return None, {}
    versions = {name: project.env.get(version_variable(name)) for name in SetName}
    return project.env.get("COMPOSE_PROFILES"), versions


def _held(settings: Settings, notes: Notes) -> Held | None:
    """The switch that is held, while its run is alive."""
    held = notes.held()
    return held if held and not lock.free(settings.state_directory) else None


def occupied_sets(settings: Settings, containers: tuple[Container, ...]) -> frozenset[SetName]:
    """The sets that have a container, running or not."""
    sets = (settings.set_of(container.service) for container in containers)
    return frozenset(name for name in sets if name)


def _runs(name: str, containers: tuple[Container, ...]) -> bool:
    return any(c.name == name and c.state == "running" for c in containers)


def _port(container: str, inner: int, conditions: Sequence[Condition]) -> int | None:
    """Where a container's port is found on this server now."""
    mine = next((c.reached for c in conditions if c.name == container), ())
    return next((port for within, _, port in mine if within == inner), None)


def _health(
    project: Project, name: SetName, conditions: Sequence[Condition], version: Version | None
) -> SetHealth:
    """Ask a set at the port where it really is."""
    spec = project.settings.sets[name]
    if port := _port(spec.container, spec.inner_port, conditions):
        project.containers.found_at(spec.container, port)
    return health_of(project, name, conditions, version)
