"""Which images follow the version of a set: Compose is given a mark in the place of each."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fream_compose.errors import ConfigurationError
from fream_compose.image_reference import ImageReference
from fream_compose.project.envfile import EnvFile, version_variable
from fream_compose.release import SetName
from fream_compose.release_image import ReleaseImage, place_of

T = TypeVar("T")
_NONE = "none"  # what the files say where `.env` does not


def marks() -> dict[str, str]:
    """What Compose gets in its environment, so that its answer shows who follows a version."""
    return {version_variable(name): place_of(name) for name in SetName}


def followers(
    name: SetName, members: Iterable[str], services: Mapping[str, Any]
) -> dict[str, ReleaseImage]:
    """The images of a set that follow its version; the app's always does.

    services: as Compose printed them with marks(). Raises ConfigurationError for one that
    follows the other set's.
    """
    for member in (name, *members):
        if place_of(name.other) in str(services[member].get("image", "")):
            theirs, own = version_variable(name.other), version_variable(name)
            raise ConfigurationError(
                f"The image of {member} has {theirs} for its tag",
                f"A release in {name} would run the image of the one in {name.other}; "
                "nothing was changed",
                next_step=f"Write ${{{own}}} there, in app.yaml",
            )
    app = ReleaseImage(f"{ImageReference.parse(services[name]['image']).name}:")
    found = {m: ReleaseImage.of(str(services[m].get("image", "")), name) for m in members}
    return {name: found.pop(name, None) or app, **{m: image for m, image in found.items() if image}}


def with_versions(value: T, directory: Path) -> T:
    """The same with what `.env` says in the place of each mark."""
    filled: T = _filled(value, EnvFile(directory / ".env"))
    return filled


def _filled(value: Any, env: EnvFile) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, env) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, env) for inner in value]
    if isinstance(value, str):
        for name in SetName:
            if (mark := place_of(name)) in value:
                value = value.replace(mark, env.get(version_variable(name)) or _NONE)
    return value
