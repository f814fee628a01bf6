"""The images of repositories on this server.

Two projects may release the same images. Each marks those that it needs with a local tag
of its own, so that neither removes what the other may go back to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fream_compose import foreign
from fream_compose.docker.changes import START, change
from fream_compose.docker.reads import read, read_json, taken
from fream_compose.image_reference import ImageReference

# Nobody can push or pull it: the name never resolves.
_MARKS = "fream.invalid/kept"


@dataclass(frozen=True)
class Image:
    """An image of a repository that is on this server.

    repository: as Docker prints it. tags, digests: its names there. contents: its id, and its
    digests in whatever repository. bytes: its size, shared layers counted.
    used: whether a container, of whatever project, running or not, was made from it.
    kept, kept_by_others: whether this project, or another one, has marked it.
    """

    id: str
    repository: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    contents: frozenset[str]
    bytes: int
    used: bool
    kept: bool = False
    kept_by_others: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """Its tags with the repository before each."""
        return tuple(f"{self.repository}:{tag}" for tag in self.tags)

    @property
    def known_as(self) -> frozenset[str]:
        """What a release may know it by: its contents, and its tags with the repository."""
        return self.contents | {*self.named}

    @property
    def references(self) -> tuple[str, ...]:
        """What must be removed for it to go: with its last tag its digests go too."""
        return self.named or tuple(f"{self.repository}@{digest}" for digest in self.digests)


def local_images(repositories: Iterable[str], project: str) -> tuple[Image, ...]:
    """The images of repositories that are on this server, once for each. Raises EngineError."""
    names = sorted({ImageReference.parse(image).familiar for image in repositories})
    what = "Docker could not list the images"
    filters = [option for name in names for option in ("--filter", f"reference={name}")]
    ids = sorted(set(read(["image", "ls", "--quiet", "--no-trunc", *filters], what).split()))
    if not ids:
        return ()
    used = _references_in_use()
    return read_json(
        ["image", "inspect", *ids],
        what,
        lambda found: tuple(
            image
            for facts in found
            for name in names
            if (image := _image(facts, name, used, project)).references
        ),
    )


def names() -> dict[str, str]:
    """The ids of the images here: by name and tag, by name and digest, and by each content.

    Raises EngineError.
    """
    what, columns = "Docker could not list the images", ("Repository", "Tag", "Digest", "ID")
    form = "\t".join(f"{{{{.{column}}}}}" for column in columns)
    listing = ["image", "ls", "--no-trunc", "--digests", "--format", form]
    return taken(read(listing, what), what, _names)


def _names(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        repository, tag, digest, image = line.split("\t")
        of_image = (f"{repository}:{tag}", f"{repository}@{digest}", digest, image)
        found |= dict.fromkeys(of_image, image)
    return found


def remove_images(project: str, images: Sequence[Image]) -> None:
    """Remove images by name and never by force; what others keep stays.

    Raises EngineError; what could be removed is removed then.
    """
    names = [_mark(project, found.id) for found in images if found.kept]
    names += [name for found in images if not found.kept_by_others for name in found.references]
    names = list(dict.fromkeys(names))
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
        repository=repository,
        tags=names_under(tags, f"{repository}:"),
        digests=names_under(digests, f"{repository}@"),
        contents=frozenset({facts["Id"], *(name.partition("@")[2] for name in digests)}),
        bytes=facts["Size"],
        used=not known.isdisjoint(used),
        kept=project in keepers,
        kept_by_others=bool(keepers - {project}),
    )


def names_under(references: list[str], prefix: str) -> tuple[str, ...]:
    """What follows a prefix, of the names that begin with it."""
    return tuple(name.removeprefix(prefix) for name in references if name.startswith(prefix))
