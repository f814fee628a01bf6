"""A project that can be read: its settings, and all that is asked of Docker for it."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose import secrecy
from fream_compose.docker.engine import compose_version
from fream_compose.docker.reads import UNREADABLE, begin, compose, finish, parsed, template
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project.envfile import EnvFile

if TYPE_CHECKING:
    from fream_compose.docker.interface import ComposeLike, ContainersLike, ImagesLike
    from fream_compose.project.settings import Settings


class Project:
    """A Compose project and the containers and images that belong to it."""

    def __init__(
        self,
        settings: "Settings",
        compose: "ComposeLike",
        containers: "ContainersLike",
        images: "ImagesLike",
    ) -> None:
        self.settings = settings
        self.env = EnvFile(settings.env_path)
        self.compose = compose
        self.containers = containers
        self.images = images


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
    reading = begin(compose("config", "--format", "json"), directory)
    try:
        meanwhile()
        text = finish(reading, UNREADABLE)
    except EngineError as error:
        _explain_compose()
        raise ConfigurationError(
            error.what,
            error.why,
            next_step=f"Correct the Compose files or .env in {directory}",
        ) from error
    from fream_compose.project.compose_config import parse

    @cache
    def raw() -> dict[str, Any]:
        # Only to say more of an error, and no other one instead.
        with suppress(EngineError):
            return template(directory)
        return {}

    return project_of(parsed(text, UNREADABLE, lambda config: parse(config, directory, raw)))


def project_of(settings: "Settings") -> Project:
    """A project for which Docker itself is asked."""
    # Imported by now, or while Compose read: open_project() begins before they are.
    from fream_compose.docker.compose import Compose
    from fream_compose.docker.containers import Containers
    from fream_compose.docker.images import Images

    return Project(settings, Compose(settings), Containers(settings), Images(settings))


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


def _explain_compose() -> None:
    try:
        compose_version()
    except EngineError as error:
        raise ConfigurationError(
            "Docker Compose v2 is needed", error.why, next_step="script/bootstrap installs it"
        ) from error
