"""Whether a project's containers are this folder's, and its engine on this server."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fream_compose.docker.engine import Elsewhere, elsewhere
from fream_compose.docker.facts import Origin
from fream_compose.errors import ConfigurationError
from fream_compose.project.place import noted, same_place, settle
from fream_compose.project.remembered import remember

if TYPE_CHECKING:
    from fream_compose.docker.project import Project


@dataclass(frozen=True)
class Home:
    """The project as this folder has it. adopted: ids of containers that were taken over."""

    project: str
    compose: Path
    nginx: Path
    adopted: frozenset[str] = frozenset()


def refusal(project: "Project", adopts: bool = False) -> ConfigurationError | None:
    """Why this folder must not change what runs; None when all is its own. Raises EngineError.

    adopts: whether containers of another folder are what the run is for.
    """
    # An engine that is elsewhere is not asked: it may not even answer.
    if away := elsewhere():
        return not_here(away)
    return None if adopts else not_ours(project.containers.origins(), home_of(project))


def keep(project: "Project", adopts: bool = False) -> None:
    """Keep what later runs need: the settings, and by which path containers know the folder.

    Those that are there already say so; before the first of them it is the path of this run.
    adopts: they know it by none as yet. Raises EngineError and ConfigurationError.
    """
    if not project.unreadable:
        remember(project.settings)
    folder = project.settings.compose_directory
    if adopts or noted(folder):
        return
    labelled = (Path(origin.folder) for origin in project.containers.origins() if origin.folder)
    settle(folder, next((path for path in labelled if same_place(path, folder)), folder))


def home_of(project: "Project") -> Home:
    """This folder's side of the comparison."""
    settings = project.settings
    adopted = settings.state.notes.adopted()
    return Home(settings.project, settings.compose_directory, settings.nginx_directory, adopted)


def not_here(away: Elsewhere) -> ConfigurationError:
    """The refusal to work on another server's engine."""
    return ConfigurationError(
        f"The engine is not on this server: {away.address}",
        "nginx would read its files, and ports would be looked for, on the other server",
        next_step=f"{away.remedy}, or run fream on that server",
    )


def not_ours(origins: Iterable[Origin], home: Home) -> ConfigurationError | None:
    """The refusal to work on containers of another folder; None when there are none. Pure."""
    foreign = strangers(origins, home)
    if not foreign:
        return None
    names = ", ".join(origin.container for origin in foreign)
    places = sorted({origin.place for origin in foreign} - {""})
    owners = " and ".join(places) or "a folder that they do not name"
    return ConfigurationError(
        f"The containers of project {home.project} belong to {owners}",
        f"{names}: not made from {home.compose}",
        next_step=f"Work there: fream -C {places[0] if places else 'FOLDER'}\n"
        "If that folder was moved here: fream adopt\n"
        "If this is to be a project of its own: set another COMPOSE_PROJECT_NAME, "
        f"FREAM_NETWORK_NAME and ports in {home.compose / '.env'}",
    )


def strangers(origins: Iterable[Origin], home: Home) -> tuple[Origin, ...]:
    """The containers that were made elsewhere and not taken over. Pure."""
    return tuple(o for o in origins if o.id not in home.adopted and not _belongs(o, home))


def _belongs(origin: Origin, home: Home) -> bool:
    """The Compose files are the best witness, then the folder, then what nginx reads."""
    if any(same_place(path.parent, home.compose) for path in origin.written):
        return True
    if origin.written and origin.service == "nginx" and not _reads(origin, home):
        return False
    if origin.folder:
        return same_place(Path(origin.folder), home.compose)
    return not origin.written and _reads(origin, home)


def _reads(origin: Origin, home: Home) -> bool:
    return any(same_place(Path(mount), home.nginx) for mount in origin.mounts)
