"""What really runs, read before anything is changed."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fream_compose import http
from fream_compose.docker.facts import Condition, Container
from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, EngineError, ProxySilentError, UsageError
from fream_compose.image_reference import ImageReference
from fream_compose.nginx.maintenance import id_of
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.checks import own_url
from fream_compose.operations.health import fault_of
from fream_compose.operations.witnesses import Witnesses, judge
from fream_compose.project import lock
from fream_compose.project.envfile import plain, version_variable
from fream_compose.project.layout import CONTROL, url_of
from fream_compose.project.notes import Held, Notes, Warm
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName, Version

_HEALTH_SECONDS = 3.0


@dataclass(frozen=True)
class Health:
    """What a set answers at its health path. good: whether that is well."""

    good: bool
    summary: str


@dataclass(frozen=True)
class Snapshot:
    """The state of a project.

    live: what is live, by the witnesses. included: what the include names. lost: nginx
    answers, and does not know what is live. silent: why nginx does not answer; empty when
    it does. closed, closing: the id of the maintenance that nginx is in, and that its files
    name. occupied: sets with a container. running: sets whose app runs. health: how those
    answer, each at the port where it really is. looks: whether nginx
    looks at what a switch renames. running_version: what the live set's container was made
    from, where that can be read. warm: the idle set, when it is kept
    running for a way back. overdue: the same, when its time is over. held: the switch that
    another run holds, waiting for a verdict. profiles, versions: what `.env` says.
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
    health: dict[SetName, Health] = field(default_factory=dict)
    running_version: Version | None = None
    warm: Warm | None = None
    overdue: Warm | None = None
    held: Held | None = None
    profiles: str = ""
    versions: dict[SetName, str] = field(default_factory=dict)

    @property
    def healthy(self) -> frozenset[SetName]:
        """The sets that answer well."""
        return frozenset(name for name, health in self.health.items() if health.good)

    @property
    def http_urls(self) -> tuple[str, ...]:
        """Where nginx is really published for users, as seen from this server."""
        return tuple(
            url_of(host, port)
            for c in self.conditions
            if c.service == "nginx"
            for inner, host, port in c.reached
            if inner != CONTROL
        )


def take_snapshot(project: Project, proxy: Proxy) -> Snapshot:
    """Look at the project; changes nothing. Raises EngineError and ConfigurationError."""
    settings = project.settings
    containers, conditions = _containers(project)
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
    versions = {name: project.env.get(version_variable(name)) for name in SetName}
    profiles = project.env.get("COMPOSE_PROFILES")
    occupied = occupied_sets(settings, containers)
    holds = {name: _version(settings, name, conditions) for name in occupied}
    running = frozenset(
        name for name, spec in settings.sets.items() if _runs(spec.container, containers)
    )
    health = {name: _health(project, name, conditions, holds[name]) for name in sorted(running)}
    # Only where nginx does not say what is live are the others asked.
    released = None if answer else _released(settings)
    found = judge(
        Witnesses(
            silent=bool(silent),
            answer=answer,
            included=included,
            env=_named(profiles, versions, holds, released),
            released=released,
            containers=holds,
            healthy=frozenset(name for name, found in health.items() if found.good),
        )
    )
    return Snapshot(
        live=found.live,
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
        running_version=holds.get(found.live.set) if found.live else None,
        warm=warm if warm and warm.valid(now) else None,
        overdue=warm if warm and not warm.valid(now) else None,
        # A note without a run that holds the project was left by one that was killed.
        held=_held(settings, notes),
        profiles=profiles,
        versions=versions,
    )


def _held(settings: Settings, notes: Notes) -> Held | None:
    """The switch that is held, while its run is alive."""
    held = notes.held()
    return held if held and not lock.free(settings.state_directory) else None


def occupied_sets(settings: Settings, containers: tuple[Container, ...]) -> frozenset[SetName]:
    """The sets that have a container, running or not."""
    sets = (settings.set_of(container.service) for container in containers)
    return frozenset(name for name in sets if name)


def _containers(project: Project) -> tuple[tuple[Container, ...], tuple[Condition, ...]]:
    """The containers as they are listed and as they are inspected."""
    containers = project.containers.all()
    try:
        return containers, project.containers.conditions([c.id for c in containers])
    except EngineError:
        # One of them went between the two questions.
        containers = project.containers.all()
        return containers, project.containers.conditions([c.id for c in containers])


def _runs(name: str, containers: tuple[Container, ...]) -> bool:
    return any(c.name == name and c.state == "running" for c in containers)


def _port(container: str, inner: int, conditions: Sequence[Condition]) -> int | None:
    """Where a container's port is found on this server now."""
    mine = next((c.reached for c in conditions if c.name == container), ())
    return next((port for within, _, port in mine if within == inner), None)


def _health(
    project: Project, name: SetName, conditions: Sequence[Condition], version: Version | None
) -> Health:
    """Ask a set's app at the port where it really is, and at the path it was released with."""
    settings, spec = project.settings, project.settings.sets[name]
    wanted = settings.switch.health
    if port := _port(spec.container, spec.inner_port, conditions):
        project.containers.found_at(spec.container, port)
    checked = settings.state.notes.checked()
    path = checked.path if checked and checked.is_of(name, str(version)) else wanted.path
    try:
        answer = http.get(
            own_url(project.containers.port(name), path),
            max(_HEALTH_SECONDS, wanted.request_timeout.total_seconds()),
            {"Host": wanted.host} if wanted.host else {},
        )
    except http.Unreachable as error:
        return Health(good=False, summary=f"{path} {error}")
    fault = fault_of(answer, wanted)
    answered = fault or f"HTTP {answer.status} in {answer.seconds * 1000:.0f} ms"
    return Health(good=not fault, summary=f"{path} {answered}")


def _named(
    profiles: str,
    versions: dict[SetName, str],
    holds: dict[SetName, Version | None],
    released: LiveRelease | None,
) -> LiveRelease | None:
    """The release of the set that the profiles of `.env` name, if they name one."""
    sets = [name for name in SetName if name in plain(profiles).split(",")]
    if len(sets) != 1:
        return None
    try:
        version = holds.get(sets[0]) or Version.parse(versions[sets[0]])
    except (UsageError, IndexError):
        return None
    same = released and (released.set, released.version) == (sets[0], version)
    return released if same else LiveRelease(sets[0], version, "")


def _released(settings: Settings) -> LiveRelease | None:
    """What the history calls the last release that came to serve; None if it cannot be read."""
    with suppress(ConfigurationError):
        for entry in reversed(settings.state.history.entries()):
            if entry.served:
                return LiveRelease(SetName(entry.set), Version.parse(entry.version), entry.id)
    return None


def _version(settings: Settings, name: SetName, conditions: Sequence[Condition]) -> Version | None:
    """The version that a set's container was made from; None where it is another image."""
    container = settings.sets[name].container
    reference = next((c.reference for c in conditions if c.name == container), "")
    image = ImageReference.parse(reference)
    if image.name != settings.image or not image.tag:
        return None
    try:
        return Version.parse(reference.removeprefix(f"{image.name}:"))
    except UsageError:
        return None
