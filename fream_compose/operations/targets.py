"""The names by which an operator speaks of a container."""

from fream_compose.docker.facts import Container
from fream_compose.docker.project import Project
from fream_compose.errors import ProxyError, UsageError
from fream_compose.nginx.proxy import Proxy
from fream_compose.release import PLACES, LiveRelease


def services(project: Project) -> tuple[str, ...]:
    """Every name: the sets, infra, and the workers that belong to a set."""
    settings = project.settings
    workers = (name for spec in settings.sets.values() for name in spec.services)
    return tuple(dict.fromkeys((*PLACES, *settings.infra, *workers)))


def container(project: Project, proxy: Proxy, name: str, known: tuple[str, ...]) -> Container:
    """The container that a name stands for, running or not. Raises UsageError.

    known: the names that may be said.
    """
    if name not in known:
        raise UsageError(f"There is no {name!r}", f"Known are {', '.join(known)}")
    service = _service(name, proxy)
    found = next((c for c in project.containers.all() if c.service == service), None)
    if found is None:
        if name == "live":
            raise UsageError(
                f"{service}, which is live, does not run",
                "Was the project taken down? It has no container",
                next_step="fream up",
            )
        what = service if name == service else f"{service}, the {name} set,"
        raise UsageError(f"{what} has no container", next_step="fream status")
    return found


def reject_stopped(found: Container) -> None:
    """Raise UsageError unless a container runs."""
    if found.state != "running":
        raise UsageError(
            f"{found.service} does not run",
            f"{found.name}: {found.status}",
            next_step=f"fream logs {found.service}",
        )


def _service(name: str, proxy: Proxy) -> str:
    if name not in ("live", "idle"):
        return name
    if (live := _live(proxy)) is None:
        raise UsageError(
            f"Nothing is {name}: there was no release yet",
            next_step="fream switch VERSION",
        )
    return live.set if name == "live" else live.set.other


def _live(proxy: Proxy) -> LiveRelease | None:
    """What nginx serves; what it is told to serve while it does not answer."""
    try:
        return proxy.state().live
    except ProxyError:
        return proxy.included()
