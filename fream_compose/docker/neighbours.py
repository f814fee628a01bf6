"""Other projects on this server that a copy of one of them may have come too close to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fream_compose.docker.listing import rows
from fream_compose.docker.reads import read_json
from fream_compose.project.release_services import APP

if TYPE_CHECKING:
    from fream_compose.project.settings import Settings

_WHAT = "Docker could not list the containers of other projects"


@dataclass(frozen=True)
class Clash:
    """What another project's container shares with this one, what comes of it, and the way out."""

    what: str
    why: str
    next_step: str


def clashes(settings: "Settings") -> tuple[Clash, ...]:
    """Containers of others that answer to our names, or use our data. Raises EngineError."""
    return (*_namesakes(settings), *_sharers(settings))


def _namesakes(settings: "Settings") -> list[Clash]:
    found = [other for name in settings.networks for other in _others(settings, f"network={name}")]
    if not found:
        return []
    command = ["container", "inspect", *dict(found)]
    return read_json(command, _WHAT, lambda containers: _answering(containers, settings))


def _answering(containers: list[dict[str, Any]], settings: "Settings") -> list[Clash]:
    # nginx asks for further public services by the names that Compose gives them.
    routed = {
        spec.members[route.service]
        for spec in settings.sets.values()
        for route in settings.routes
        if route.service != APP
    }
    return [
        Clash(
            f"{container['Name'][1:]} answers to {' and '.join(shared)} in this project's network",
            "Docker would give this project's requests to the other one, and the other way round",
            "Set FREAM_NETWORK_NAME in .env to a name of its own, or leave it out",
        )
        for container in containers
        if (shared := sorted((settings.aliases | routed) & _names(container)))
    ]


def _sharers(settings: "Settings") -> list[Clash]:
    found = _others(settings, f"volume={settings.data}") if settings.data else []
    return [
        Clash(
            f"{name} uses MySQL's data of this project",
            f"{settings.data} can be used by one MySQL only",
            "Set MYSQL_DATA_DIR in .env to a place of its own, or leave it out",
        )
        for _, name in found
    ]


def _others(settings: "Settings", condition: str) -> list[tuple[str, str]]:
    """Id and name of each container that runs for another project."""
    columns = (".ID", ".Names", '.Label "com.docker.compose.project"')
    others = rows(["container", "ls", "--filter", condition], columns, _WHAT)
    return [(found, name) for found, name, project in others if project != settings.project]


def _names(container: dict[str, Any]) -> set[str]:
    networks = container["NetworkSettings"]["Networks"].values()
    aliases = {alias for network in networks for alias in network["Aliases"] or ()}
    return {container["Name"][1:], *aliases}
