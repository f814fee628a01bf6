"""What `fream init` must know of an app, checked before anything is written."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fream_compose import foreign
from fream_compose.errors import UsageError
from fream_compose.image_reference import ImageReference

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_REGISTRY = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*")
_PATH = re.compile(r"/[A-Za-z0-9._~/%?=&:@+,;-]*")
_LISTEN = re.compile(r"(?:(?:[0-9.]+|\[[0-9a-f:]+\]):)?([1-9][0-9]{0,4})")
_LINE = re.compile(r"[^\x00-\x1f\x7f]*")
_LAST_PORT = 65_535
_LONGEST_NAME = 63 - len("-app-set1")  # of a label of DNS


@dataclass(frozen=True)
class App:
    """The app that a project is for.

    name: of the Compose project, its network and containers. registry: empty for an image
    of Docker Hub or of this server. port: where the app listens in its container; 0 when
    it takes the port from SERVER_PORT. http_port: where users find it, PORT or
    ADDRESS:PORT. variables: more of `.env`.
    """

    name: str
    registry: str
    repository: str
    port: int = 0
    health_path: str = "/"
    mysql: bool = False
    http_port: str = "80"
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises UsageError for a value that the files could not hold."""
        _require(_NAME, "--name", self.name, "small letters, digits, - and _")
        if len(self.name) > _LONGEST_NAME:
            why = (
                f"Names in Docker's network are made of it; at most {_LONGEST_NAME} characters fit"
            )
            raise UsageError(f"--name {self.name!r} is too long", why)
        if not _is_text(self.name):
            why = "Compose would read it as another kind of value than a name"
            raise UsageError(f"--name {self.name!r} is not valid", why)
        _require(_PATH, "--health-path", self.health_path, "a path that begins with /")
        _require(_LISTEN, "--http-port", self.http_port, "PORT or ADDRESS:PORT")
        for option, port in (
            ("--http-port", self.http_port.rpartition(":")[2]),
            ("--app-port", self.port),
        ):
            if int(port) > _LAST_PORT:
                raise UsageError(f"{option} {port} is not valid", f"The last port is {_LAST_PORT}")
        for name, value in self.variables.items():
            _require(_LINE, f"--set {name}", value, "one line without control characters")

    @property
    def image(self) -> str:
        """The image without a version."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    def described(self) -> dict[str, Any]:
        """The app as plain values for a file that everybody may read: no variable's value."""
        return {
            "name": self.name,
            "registry": self.registry,
            "repository": self.repository,
            "port": self.port,
            "health_path": self.health_path,
            "database": self.mysql,
            "variables": sorted(self.variables),
        }

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "App":
        """The app that was described. Raises ValueError and UsageError for anything else."""
        return foreign.taken(described, cls._read)

    @classmethod
    def _read(cls, described: Mapping[str, Any]) -> "App":
        known = {**described, "variables": dict.fromkeys(described["variables"], "")}
        return cls(mysql=known.pop("database"), **known)


def _require(pattern: re.Pattern[str], option: str, value: str, wanted: str) -> None:
    if not pattern.fullmatch(value):
        raise UsageError(f"{option} {value!r} is not valid", f"It must be {wanted}")


def split_image(image: str) -> tuple[str, str]:
    """Registry and repository of an image, by Docker's rule for the first part of the name.

    The registry is empty for Docker Hub. Raises UsageError for what is no image, or has a tag.
    """
    found = ImageReference.parse(image)
    good = _REPOSITORY.fullmatch(found.repository) and _REGISTRY.fullmatch(found.registry or "-")
    if found.name != image or not good:
        raise UsageError(
            f"--image {image!r} is not the name of an image",
            "REGISTRY/NAME, or NAME for Docker Hub; without the version, which a release names",
        )
    return found.registry, found.repository


def project_name(folder: Path) -> str:
    """The name that Compose would give a project in this folder."""
    name = re.sub(r"[^a-z0-9_-]", "", folder.absolute().name.lower()).lstrip("_-") or "app"
    return name if _is_text(name) else f"app-{name}"


def _is_text(name: str) -> bool:
    """Whether Compose would read it as text, and not as a number, a date or a truth."""
    number = re.fullmatch(r"[0-9_]+(e[0-9]+)?", name)  # also where YAML's versions differ
    with suppress(ValueError):  # a date or a number that cannot be
        return not number and isinstance(yaml.safe_load(name), str)
    return False
