"""What a release's images are: their names and contents, and how each is told of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fream_compose.project.settings import SetSettings
from fream_compose.release import Version
from fream_compose.release_image import recorded


@dataclass(frozen=True)
class ReleaseImages:
    """The images of a release that are on this server.

    version: the release's, with the digest of its app's image where that has one. contents:
    by reference, the digest in its repository, or else the image's id. ids: by service.
    lacking: the services whose images came with a later release.
    """

    version: Version
    contents: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()


def wanted(spec: SetSettings, version: Version, contents: Mapping[str, str]) -> dict[str, str]:
    """The content to find for each image of a release, by reference; empty where any will do.

    contents: what the release remembers; an image beside the app's that it does not remember
    came with a later one.
    """
    references = spec.references(version.tag)
    names = {*references.values()}
    found = {name: recorded(name, contents, len(names) == 1) for name in references.values()}
    app = references[spec.name]
    found[app] = version.digest or found[app]
    # What it remembers and is not found may be the same image under another name.
    all_found = bool(contents) and {*contents.values()} <= {*found.values()}
    return {n: content for n, content in found.items() if content or n == app or not all_found}


def lacking(spec: SetSettings, version: Version, contents: Mapping[str, str]) -> frozenset[str]:
    """The services of a set that came after a release. contents: what it remembers."""
    had = wanted(spec, version, contents)
    references = spec.references(version.tag).items()
    return frozenset(service for service, name in references if name not in had)


def told(spec: SetSettings, tag: str, reference: str) -> str:
    """An image, with the services that need it where a release has several."""
    references = spec.references(tag)
    services = [service for service, mine in references.items() if mine == reference]
    several = len(set(references.values())) > 1
    return f"{reference}, the image of {' and '.join(services)}," if several else reference
