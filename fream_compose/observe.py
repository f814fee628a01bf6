"""What really runs, read before anything is changed."""

from dataclasses import dataclass

from fream_compose.project import Container, Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, SetName
from fream_compose.settings import Settings


@dataclass(frozen=True)
class Snapshot:
    """nginx's own answer, what its include names, and every container of the project."""

    live: Live | None
    included: Live | None
    nginx_version: str
    containers: tuple[Container, ...]
    occupied: frozenset[SetName]


def observe(project: Project, proxy: Proxy) -> Snapshot:
    """Look at the project. Raises EngineError, and ProxyError when nginx does not answer."""
    containers = project.containers()
    state = proxy.state()
    return Snapshot(
        live=state.live,
        included=proxy.included(),
        nginx_version=state.nginx_version,
        containers=containers,
        occupied=occupied_sets(project.settings, containers),
    )


def occupied_sets(settings: Settings, containers: tuple[Container, ...]) -> frozenset[SetName]:
    """The sets that have a container, running or not."""
    sets = (settings.set_of(container.service) for container in containers)
    return frozenset(name for name in sets if name)
