"""What really runs, read before anything is changed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from fream_compose import lock
from fream_compose.errors import ProxySilentError, UsageError
from fream_compose.project import Container, Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, SetName, Version
from fream_compose.settings import Settings
from fream_compose.state import Held, Notes, Warm


@dataclass(frozen=True)
class Snapshot:
    """The state of a project.

    live: nginx's own answer, or what its include names while it does not answer.
    included: what the include names. silent: why nginx does not answer; empty when it does.
    closed, closing: the id of the maintenance that nginx is in, and that its files name.
    occupied: sets with a container. running: sets whose app runs.
    running_version: what the live set's container was made from, where that can be read.
    warm: the idle set, when it is kept running for a way back. overdue: the same, when its
    time is over. held: the switch that another run holds, waiting for a verdict.
    profiles, versions: what `.env` says.
    """

    live: Live | None
    included: Live | None
    silent: str = ""
    closed: str = ""
    closing: str = ""
    nginx_version: str = ""
    containers: tuple[Container, ...] = ()
    nginx_runs: bool = True
    occupied: frozenset[SetName] = frozenset()
    running: frozenset[SetName] = frozenset()
    running_version: Version | None = None
    warm: Warm | None = None
    overdue: Warm | None = None
    held: Held | None = None
    profiles: str = ""
    versions: dict[SetName, str] = field(default_factory=dict)


def observe(project: Project, proxy: Proxy) -> Snapshot:
    """Look at the project; changes nothing. Raises EngineError and ConfigurationError."""
    settings, containers = project.settings, project.containers()
    included, notes = proxy.included(), Notes(settings.state_directory)
    warm, now = notes.warm(), datetime.now(UTC)
    nginx_runs = _runs(settings.nginx_container, containers)
    try:
        if not nginx_runs:
            # What answers on its port is then another project's.
            raise ProxySilentError("nginx does not run")
        state = proxy.state()
        live, nginx_version, silent = state.live, state.nginx_version, ""
        closed = state.maintenance
    except ProxySilentError as error:
        live, nginx_version, silent = included, "", error.why or error.what
        closed = ""
    return Snapshot(
        live=live,
        included=included,
        silent=silent,
        closed=closed,
        closing=asked.id if (asked := proxy.maintenance()) else "",
        nginx_version=nginx_version,
        containers=containers,
        nginx_runs=nginx_runs,
        occupied=occupied_sets(settings, containers),
        running=frozenset(
            name for name, spec in settings.sets.items() if _runs(spec.container, containers)
        ),
        running_version=_version(settings, live, containers),
        warm=warm if warm and warm.valid(now) else None,
        overdue=warm if warm and not warm.valid(now) else None,
        # A note without a run that holds the project was left by one that was killed.
        held=_held(settings, notes),
        profiles=project.env.get("COMPOSE_PROFILES"),
        versions={name: project.env.get(version_variable(name)) for name in SetName},
    )


def _held(settings: Settings, notes: Notes) -> Held | None:
    """The switch that is held, while its run is alive."""
    held = notes.held()
    return held if held and not lock.free(settings.state_directory) else None


def occupied_sets(settings: Settings, containers: tuple[Container, ...]) -> frozenset[SetName]:
    """The sets that have a container, running or not."""
    sets = (settings.set_of(container.service) for container in containers)
    return frozenset(name for name in sets if name)


def version_variable(name: SetName) -> str:
    """The variable of `.env` that holds a set's version."""
    return f"{name.upper()}_VERSION"


def _runs(name: str, containers: tuple[Container, ...]) -> bool:
    return any(c.name == name and c.state == "running" for c in containers)


def _version(
    settings: Settings, live: Live | None, containers: tuple[Container, ...]
) -> Version | None:
    """The version in the live container's image reference.

    None where Docker prints an id instead, as it does when the tag has moved on.
    """
    name = settings.sets[live.set].container if live else ""
    image = next((c.image for c in containers if c.name == name), "")
    if not image.startswith(f"{settings.image}:"):
        return None
    try:
        return Version.parse(image.removeprefix(f"{settings.image}:"))
    except UsageError:
        return None
