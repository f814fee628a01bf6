"""What `fream init` must know of an app, checked before anything is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fream_compose.errors import UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_REGISTRY = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*")
_PATH = re.compile(r"/[A-Za-z0-9._~/%?=&:@+,;-]*")
_LISTEN = re.compile(r"(?:(?:[0-9.]+|\[[0-9a-f:]+\]):)?([1-9]\d{0,4})")


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
        _require(_PATH, "--health-path", self.health_path, "a path that begins with /")
        _require(_LISTEN, "--http-port", self.http_port, "PORT or ADDRESS:PORT")
        for name, value in self.variables.items():
            _require(re.compile(r".*"), f"--set {name}", value, "one line")

    @property
    def image(self) -> str:
        """The image without a version."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository


def _require(pattern: re.Pattern[str], option: str, value: str, wanted: str) -> None:
    if not pattern.fullmatch(value):
        raise UsageError(f"{option} {value!r} is not valid", f"It must be {wanted}")


def split_image(image: str) -> tuple[str, str]:
    """Registry and repository of an image, by Docker's rule for the first part of the name.

    The registry is empty for Docker Hub. Raises UsageError for what is no image, or has a tag.
    """
    head, _, rest = image.partition("/")
    named = rest and ("." in head or ":" in head or head == "localhost")
    registry, repository = (head, rest) if named else ("", image)
    if registry in ("docker.io", "index.docker.io"):
        registry, repository = "", repository.removeprefix("library/")
    if not _REPOSITORY.fullmatch(repository) or (registry and not _REGISTRY.fullmatch(registry)):
        raise UsageError(
            f"--image {image!r} is not the name of an image",
            "REGISTRY/NAME, or NAME for Docker Hub; without the version, which a release names",
        )
    return registry, repository


def project_name(folder: Path) -> str:
    """The name that Compose would give a project in this folder."""
    return re.sub(r"[^a-z0-9_-]", "", folder.absolute().name.lower()).lstrip("_-") or "app"
