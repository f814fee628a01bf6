"""The images of one repository on this server.

Two projects may release the same images. Each marks those that it needs with a local tag
of its own, so that neither removes what the other may go back to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fream_compose import foreign
from fream_compose.docker.changes import START, change
from fream_compose.docker.reads import read, read_json
from fream_compose.image_reference import ImageReference
from fream_compose.release import Version

# Nobody can push or pull it: the name never resolves.
_MARKS = "fream.invalid/kept"


@dataclass(frozen=True)
class Image:
    """An image of the project's repository that is on this server.

    tags, digests: its names in that repository. bytes: its size, shared layers counted.
    used: whether a container, of whatever project, running or not, was made from it.
    kept, kept_by_others: whether this project, or another one, has marked it.
    """

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    bytes: int
    used: bool
    kept: bool = False
    kept_by_others: bool = False

    def holds(self, version: Version) -> bool:
        """Whether this is the image of a version."""
        return version.digest in self.digests if version.digest else version.tag in self.tags

    def references(self, repository: str) -> tuple[str, ...]:
        """What must be removed for it to go: with its last tag its digests go too."""
        tags = tuple(f"{repository}:{tag}" for tag in self.tags)
        return tags or tuple(f"{repository}@{digest}" for digest in self.digests)


def local_images(image: str, project: str) -> tuple[Image, ...]:
    """The images of a repository that are on this server. Raises EngineError."""
    name, what = ImageReference.parse(image).familiar, "Docker could not list the images"
    listing = ["--quiet", "--no-trunc", "--filter", f"reference={name}"]
    ids = sorted(set(read(["image", "ls", *listing], what).split()))
    if not ids:
        return ()
    used = _references_in_use()
    return read_json(
        ["image", "inspect", *ids],
        what,
        lambda found: tuple(_image(facts, name, used, project) for facts in found),
    )


def remove_images(image: str, project: str, images: Sequence[Image]) -> None:
    """Remove images of a repository, by name and never by force; what others keep stays.

    Raises EngineError; what could be removed is removed then.
    """
    name = ImageReference.parse(image).familiar
    names = [_mark(project, found.id) for found in images if found.kept]
    names += [r for found in images if not found.kept_by_others for r in found.references(name)]
    what = "An image could not be removed"
    change(lambda docker: docker.image.remove(names), what, START)


def keep_images(project: str, images: Sequence[Image]) -> None:
    """Mark images as needed by a project. Raises EngineError."""
    what, marks = "An image could not be marked", [(i.id, _mark(project, i.id)) for i in images]
    change(lambda docker: [docker.image.tag(image, mark) for image, mark in marks], what)


def forget_images(project: str) -> None:
    """Remove every mark of a project that is no more. Raises EngineError."""
    mine = f"reference={_MARKS}:{project}.*"
    listing = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", mine]
    if marks := read(listing, "Docker could not list the images").split():
        change(lambda docker: docker.image.remove(marks), "A mark could not be removed", START)


def _mark(project: str, identifier: str) -> str:
    return f"{_MARKS}:{project}.{identifier.removeprefix('sha256:')[:12]}"


def _references_in_use() -> frozenset[str]:
    """What the containers of this server were made from: ids, and every form of their names."""
    command = ["container", "ls", "--all", "--no-trunc", "--format", "{{.Image}}"]
    names = read(command, "Docker could not list the containers").split()
    # An image that was asked for by tag and digest is known by its digest alone.
    found = [ImageReference.parse(name) for name in names if "@" in name]
    pinned = [f"{image.name}@{image.digest}" for image in found]
    return frozenset([*names, *pinned])


def _image(facts: dict[str, Any], repository: str, used: frozenset[str], project: str) -> Image:
    tags, digests = facts["RepoTags"] or [], facts["RepoDigests"] or []
    keepers = {mark.partition(".")[0] for mark in names_under(tags, f"{_MARKS}:")}
    known = {facts["Id"], facts["Id"].removeprefix("sha256:"), *tags, *digests}
    return foreign.made(
        Image,
        id=facts["Id"],
        tags=names_under(tags, f"{repository}:"),
        digests=names_under(digests, f"{repository}@"),
        bytes=facts["Size"],
        used=not known.isdisjoint(used),
        kept=project in keepers,
        kept_by_others=bool(keepers - {project}),
    )


def names_under(references: list[str], prefix: str) -> tuple[str, ...]:
    """What follows a prefix, of the names that begin with it."""
    return tuple(name.removeprefix(prefix) for name in references if name.startswith(prefix))
