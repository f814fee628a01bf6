"""Versions to complete on a command line: quick, and silent whatever fails."""

from pathlib import Path

from fream_compose import foreign, http
from fream_compose.docker.project import Project, open_project
from fream_compose.errors import FreamError
from fream_compose.image_reference import ImageReference

_REGISTRY_SECONDS = 0.5
_AT_MOST = 100


def versions(directory: Path) -> list[str]:
    """The versions of the project's image that this server has, or its registry offers."""
    try:
        project = open_project(directory)
        return sorted({*_local(project), *_offered(project.settings.image)})
    except FreamError:
        return []


def _local(project: Project) -> list[str]:
    images = project.images.local_images([project.settings.image])
    return [tag for image in images for tag in image.tags]


def _offered(image: str) -> list[str]:
    """What the registry says without a login; Docker Hub would ask for one."""
    found = ImageReference.parse(image)
    registry, repository = found.registry, found.repository
    if not registry:
        return []
    scheme = "http" if registry.startswith(("127.", "localhost")) else "https"
    url = f"{scheme}://{registry}/v2/{repository}/tags/list?n={_AT_MOST}"
    try:
        body = http.get(url, _REGISTRY_SECONDS).body
        return foreign.of_json(body, lambda told: [str(tag) for tag in told["tags"]])
    except (http.Unreachable, ValueError):
        return []
