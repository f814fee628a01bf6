"""The images of one repository on this server.

Two projects may release the same images. Each marks those that it needs with a local tag
of its own, so that neither removes what the other may go back to.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fream_compose.docker import QUICK, START, client, run, translated
from fream_compose.errors import EngineError
from fream_compose.release import Version, repository

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


def digests(reference: str) -> tuple[str, ...] | None:
    """The repository digests of an image; None when it is not here. Raises EngineError."""
    from python_on_whales.exceptions import NoSuchImage

    try:
        with translated(f"{reference} could not be inspected", QUICK):
            return tuple(client(QUICK).image.inspect(reference).repo_digests)
    except EngineError as error:
        if isinstance(error.__cause__, NoSuchImage):
            return None
        raise


def pinned(version: Version, image: str, known: Sequence[str]) -> Version:
    """A version with its digest in the image's repository; unchanged where it has none."""
    mine = _names(list(known), f"{_familiar(image)}@")
    return version.pinned(mine[0]) if mine and not version.digest else version


def local_images(image: str, project: str) -> tuple[Image, ...]:
    """The images of a repository that are on this server. Raises EngineError."""
    name, what = _familiar(image), "Docker could not list the images"
    listing = ["--quiet", "--no-trunc", "--filter", f"reference={name}"]
    ids = sorted(set(run(["image", "ls", *listing], what).split()))
    if not ids:
        return ()
    used = _references_in_use()
    found = json.loads(run(["image", "inspect", *ids], what))
    return tuple(_image(facts, name, used, project) for facts in found)


def remove_images(image: str, project: str, images: Sequence[Image]) -> None:
    """Remove images of a repository, by name and never by force; what others keep stays.

    Raises EngineError; what could be removed is removed then.
    """
    name = _familiar(image)
    names = [_mark(project, found.id) for found in images if found.kept]
    names += [r for found in images if not found.kept_by_others for r in found.references(name)]
    run(["image", "rm", *names], "An image could not be removed", START)


def keep_images(project: str, images: Sequence[Image]) -> None:
    """Mark images as needed by a project. Raises EngineError."""
    for found in images:
        run(["image", "tag", found.id, _mark(project, found.id)], "An image could not be marked")


def forget_images(project: str) -> None:
    """Remove every mark of a project that is no more. Raises EngineError."""
    mine = f"reference={_MARKS}:{project}.*"
    listing = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", mine]
    if marks := run(listing, "Docker could not list the images").split():
        run(["image", "rm", *marks], "A mark could not be removed", START)


def _mark(project: str, identifier: str) -> str:
    return f"{_MARKS}:{project}.{identifier.removeprefix('sha256:')[:12]}"


def _references_in_use() -> frozenset[str]:
    """What the containers of this server were made from: ids, and every form of their names."""
    command = ["container", "ls", "--all", "--no-trunc", "--format", "{{.Image}}"]
    names = run(command, "Docker could not list the containers").split()
    # An image that was asked for by tag and digest is known by its digest alone.
    pinned = [f"{repository(name)}@{name.partition('@')[2]}" for name in names if "@" in name]
    return frozenset([*names, *pinned])


def _image(facts: dict[str, Any], repository: str, used: frozenset[str], project: str) -> Image:
    tags, digests = facts["RepoTags"] or [], facts["RepoDigests"] or []
    keepers = {mark.partition(".")[0] for mark in _names(tags, f"{_MARKS}:")}
    known = {facts["Id"], facts["Id"].removeprefix("sha256:"), *tags, *digests}
    return Image(
        id=facts["Id"],
        tags=_names(tags, f"{repository}:"),
        digests=_names(digests, f"{repository}@"),
        bytes=facts["Size"],
        used=not known.isdisjoint(used),
        kept=project in keepers,
        kept_by_others=bool(keepers - {project}),
    )


def _familiar(repository: str) -> str:
    """A repository's name as Docker prints it."""
    return repository.removeprefix("docker.io/").removeprefix("library/")


def _names(references: list[str], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in references if name.startswith(prefix))
