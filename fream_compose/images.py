"""The images of one repository on this server.

Two projects may release the same images. Each marks those that it needs with a local tag
of its own, so that neither removes what the other may go back to.
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fream_compose.docker import QUICK, START, client, run, translated
from fream_compose.errors import EngineError
from fream_compose.release import Version, repository

# What a machine runs, its own kind first: `uname -m` to the words of Go and of images.
_RUNS = {"x86_64": ("amd64", "386"), "aarch64": ("arm64", "arm"), "armv7l": ("arm",)}
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386"}
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


@dataclass(frozen=True)
class Facts:
    """What is to be known of an image before it is started: its digests, and for which
    kind of processor it was made, in Go's words."""

    digests: tuple[str, ...]
    architecture: str


def facts(reference: str) -> Facts | None:
    """Look at an image; None when it is not here. Raises EngineError."""
    from python_on_whales.exceptions import NoSuchImage

    try:
        with translated(f"{reference} could not be inspected", QUICK):
            found = client(QUICK).image.inspect(reference)
            return Facts(tuple(found.repo_digests), found.architecture or "")
    except EngineError as error:
        if isinstance(error.__cause__, NoSuchImage):
            return None
        raise


def bytes_to_pull(reference: str) -> int:
    """The packed size of an image in its registry; 0 where it has one for each processor.

    Raises EngineError when the registry does not have it.
    """
    what = f"{reference} is not in the registry"
    told = json.loads(run(["manifest", "inspect", "--insecure", reference], what))
    return sum(layer["size"] for layer in told.get("layers") or ())


def reject_foreign(reference: str, architecture: str) -> None:
    """Raise EngineError for an image that this server's processor cannot run."""
    machine = platform.machine()
    known = _RUNS.get(machine)
    if known is None or architecture in ("", *known):
        return
    # An emulator that the kernel knows makes it run all the same.
    if (_EMULATORS / f"qemu-{_QEMU.get(architecture, architecture)}").exists():
        return
    raise EngineError(
        f"{reference} is made for another kind of processor",
        f"The image is for {architecture}, this server is {machine}",
        next_step=f"docker buildx build --platform linux/{known[0]} --push …, then switch again",
    )


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
