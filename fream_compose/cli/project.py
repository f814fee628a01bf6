"""Finding a project, and opening it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fream_compose.errors import ConfigurationError, FreamError
from fream_compose.project.place import settled
from fream_compose.project.sharing import closed

if TYPE_CHECKING:
    from fream_compose.docker.project import Project
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.project.history import History
    from fream_compose.project.state import StateFolder


def named(given: Path | None) -> Path | None:
    """Where the operator says that the project is: with -C, or in the environment."""
    text = os.environ.get("FREAM_PROJECT_DIR")
    return given or (Path(text) if text else None)


def find(given: Path | None) -> Path:
    """The folder of compose.yaml: in the folder that was named, or the current one and up.

    Raises ConfigurationError, also where root would find that of another user above.
    """
    given = named(given)
    start = (given or Path.cwd()).absolute()
    for folder in [start] if given else [start, *start.parents]:
        for place in (folder / "compose", folder):
            if (place / "compose.yaml").is_file() and (place / "infra.yaml").is_file():
                if folder != start:
                    _reject_strangers(place)
                return place
    raise ConfigurationError(
        f"There is no fream project in {start}" + ("" if given else " or its parents"),
        "A project has compose/compose.yaml and compose/infra.yaml",
        next_step="cd into the project, or name it with -C or FREAM_PROJECT_DIR\n"
        "To set one up for your app: fream init NAME",
    )


def _reject_strangers(place: Path) -> None:
    """Whoever may write above the current folder must not have root run commands of his."""
    owner = place.stat().st_uid
    if os.geteuid() == 0 and str(owner) not in ("0", os.environ.get("SUDO_UID", "")):
        raise ConfigurationError(
            f"{place} belongs to another user",
            "root does not take a project that it finds above the current folder on trust",
            next_step=f"If it is the one that you mean: fream -C {place}",
        )


def _import_the_rest() -> None:
    import fream_compose.nginx.proxy  # noqa: F401  # what every look at a project needs


@contextmanager
def opened(
    given: Path | None, meanwhile: Callable[[], None] = _import_the_rest
) -> "Iterator[tuple[Project, Proxy]]":
    """Read the project's settings. Raises ConfigurationError.

    meanwhile: imports that the command will need, made while Compose reads.
    """
    from fream_compose.docker.project import open_project

    project = _explained(open_project, settled(find(given)), meanwhile)
    yield project, proxy_of(project)


def again(project: "Project") -> "Project":
    """A project as it is now: another run has ended, and people edit. Raises ConfigurationError."""
    from fream_compose.docker.project import open_project

    return _explained(open_project, project.settings.compose_directory, lambda: None)


def _explained(
    open_project: "Callable[[Path, Callable[[], None]], Project]",
    directory: Path,
    meanwhile: Callable[[], None],
) -> "Project":
    """Open a project. Raises ConfigurationError; of a `.env` that is lost with what it said."""
    try:
        return open_project(directory, meanwhile)
    except ConfigurationError:
        from fream_compose.operations.lost_env import reject_lost

        reject_lost(directory)
        raise


@contextmanager
def looked_at(
    given: Path | None,
    tell: Callable[[FreamError], None],
    meanwhile: Callable[[], None] = _import_the_rest,
) -> "Iterator[tuple[Project, Proxy]]":
    """The same for what only looks: settings that cannot be read are those of the last run.

    tell: gets the reason, where the project goes by those. Raises ConfigurationError where
    there are none.
    """
    from fream_compose.docker import project as docker
    from fream_compose.project.remembered import recall

    directory = settled(find(given))
    try:
        project = _explained(docker.open_project, directory, meanwhile)
    except ConfigurationError as error:
        if not (settings := recall(directory)):
            raise
        project = docker.project_of(settings)
        # Nothing is out of order where a colleague may look, and not read the passwords.
        if not closed(directory / ".env"):
            project.unreadable = error
            tell(error)
    try:
        yield project, proxy_of(project)
    except ConfigurationError:
        # What cannot be done without the file has the same reason.
        if project.unreadable and not project.settings.env_path.exists():
            raise project.unreadable from None
        raise


def proxy_of(project: "Project") -> "Proxy":
    """The proxy of a project."""
    from fream_compose.nginx.proxy import Proxy
    from fream_compose.nginx.routes import routes_of

    settings = project.settings
    container, directory = settings.nginx_container, settings.nginx_directory
    routes = routes_of(settings)
    return Proxy(project.containers, container, directory, time.monotonic, routes)


def state(given: "Path | None") -> "StateFolder":
    """What a project keeps, without asking Compose, which would take longer than all the rest."""
    from fream_compose.project.state import state_of

    return state_of(find(given))


def history(given: "Path | None") -> "History":
    """The history, in the same way."""
    return state(given).history
