"""A project that can be read: its settings, and all that is asked of Docker for it."""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose import secrecy
from fream_compose.docker.changes import exported
from fream_compose.docker.engine import compose_version
from fream_compose.docker.listing import still_there
from fream_compose.docker.reads import UNREADABLE, begin, compose, finish_both, parsed, template
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project.compose_warnings import ComposeWarning, warnings_of
from fream_compose.project.envfile import EnvFile
from fream_compose.project.versions import marks, with_versions
from fream_compose.release import SetName, Version

if TYPE_CHECKING:
    from fream_compose.docker.facts import Condition, Container
    from fream_compose.docker.interface import ComposeLike, ContainersLike, ImagesLike
    from fream_compose.project.settings import Settings


class Project:
    """A Compose project and the containers and images that belong to it.

    warnings: what Compose warned of as it read the project. unreadable: why it could not, where
    the settings are those of an earlier run; None where it could.
    """

    def __init__(
        self,
        settings: "Settings",
        compose: "ComposeLike",
        containers: "ContainersLike",
        images: "ImagesLike",
        warnings: tuple[ComposeWarning, ...] = (),
    ) -> None:
        self.settings = settings
        self.env = EnvFile(settings.env_path)
        self.compose = compose
        self.containers = containers
        self.images = images
        self.warnings = warnings
        self.unreadable: ConfigurationError | None = None

    def start_set(self, name: SetName, version: Version, services: Sequence[str] = ()) -> None:
        """Start a set, or these services of it, with a version. Raises EngineError."""
        self.compose.start(name, self.images.named(name, version), services)

    def inspected(self) -> "tuple[tuple[Container, ...], tuple[Condition, ...]]":
        """The containers as they are listed and as they are inspected. Raises EngineError."""
        return still_there(self.containers.conditions, self.containers.all())


def open_project(directory: Path, meanwhile: Callable[[], None] = lambda: None) -> Project:
    """Read a project's settings through Compose. Raises ConfigurationError.

    directory: the folder of compose.yaml. meanwhile: what to do while Compose reads, as
    it takes as long as our own imports. Variables of `.env`, of `.env.example` and
    Compose's own are never taken from the operator's shell, so that every run sees the
    same project.
    """
    secrecy.learn(directory)
    for name in [*EnvFile(directory / ".env").names(), *_known(directory), *_of_compose()]:
        os.environ.pop(name, None)
    # As it is for somebody who types there; Compose files may name it.
    os.environ["PWD"] = str(directory)
    with exported(marks()):
        reading = begin(compose("config", "--format", "json"), directory)
    try:
        meanwhile()
        text, printed = finish_both(reading, UNREADABLE)
    except EngineError as error:
        _explain_compose()
        raise ConfigurationError(
            error.what,
            _with_file(with_versions(error.why, directory), directory),
            next_step=_two_limits(error.why) or f"Correct the Compose files or .env in {directory}",
        ) from error
    from fream_compose.project.compose_config import parse

    @cache
    def raw() -> dict[str, Any]:
        # Only to say more of an error, and no other one instead.
        with suppress(EngineError):
            return template(directory)
        return {}

    settings = parsed(text, UNREADABLE, lambda config: parse(config, directory, raw))
    return project_of(settings, warnings_of(printed, directory))


def project_of(settings: "Settings", warnings: tuple[ComposeWarning, ...] = ()) -> Project:
    """A project for which Docker itself is asked."""
    # Imported by now, or while Compose read: open_project() begins before they are.
    from fream_compose.docker.compose import Compose
    from fream_compose.docker.containers import Containers
    from fream_compose.docker.images import Images

    parts = Compose(settings), Containers(settings), Images(settings)
    return Project(settings, *parts, warnings)


def _known(directory: Path) -> list[str]:
    """The variables that the example lists, those with a default included."""
    try:
        text = (directory / ".env.example").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def _of_compose() -> list[str]:
    """What makes Compose read other files, or do something else, than it does for others."""
    return [name for name in os.environ if name.startswith("COMPOSE_")]


def _with_file(why: str, directory: Path) -> str:
    """What Compose says, and of which file: it names the others, but not the first ones."""
    if not why.startswith("yaml: "):
        return why
    import yaml  # good files need not wait

    for path in sorted(directory.glob("compose*.y*ml")):
        try:
            yaml.compose(path.read_text("utf-8", "replace"), yaml.SafeLoader)
        except yaml.YAMLError:
            return f"{path}: {why}"
        except OSError:
            pass
    return why


def _two_limits(why: str) -> str:
    """What helps where Compose takes a limit in one of two places; empty where it is not that."""
    found = re.search(r"distinct values on '(\w+)' and 'deploy\.resources\.limits\.(\w+)'", why)
    return f"In the place of {found[1]}, write {found[2]} to these limits" if found else ""


def _explain_compose() -> None:
    try:
        compose_version()
    except EngineError as error:
        raise ConfigurationError(
            "Docker Compose v2 is needed", error.why, next_step="script/bootstrap installs it"
        ) from error
