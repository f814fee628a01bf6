"""What Docker, or a registry, says of one image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fream_compose import foreign
from fream_compose.docker.local_images import names_under
from fream_compose.docker.reads import read_json
from fream_compose.errors import EngineError
from fream_compose.image_reference import ImageReference
from fream_compose.release import Version


@dataclass(frozen=True)
class Facts:
    """What is to be known of an image before it is started: its id, its digests with their
    repositories, and for which kind of processor it was made, in Go's words."""

    id: str
    digests: tuple[str, ...]
    architecture: str

    @property
    def contents(self) -> tuple[str, ...]:
        """Its digests, in whatever repository."""
        return tuple(name.partition("@")[2] for name in self.digests)

    def content(self, reference: str) -> str:
        """Its digest in the repository of a reference, or else its id."""
        return next(iter(_digests_in(reference, self.digests)), self.id)


def facts(reference: str) -> Facts | None:
    """Look at an image; None when it is not here. Raises EngineError."""
    try:
        what = f"{reference} could not be inspected"
        return read_json(["image", "inspect", reference], what, _facts)
    except EngineError as error:
        if "no such image" in error.why.lower():
            return None
        raise


def _facts(images: list[dict[str, Any]]) -> Facts:
    (found,) = images
    digests = tuple(found["RepoDigests"] or ())
    kind = found["Architecture"]
    return foreign.made(Facts, id=found["Id"], digests=digests, architecture=kind)


def bytes_to_pull(reference: str, image: str) -> int:
    """The packed size of an image in its registry; 0 where it has one for each processor.

    image: how it is told of. Raises EngineError when the registry does not have it.
    """
    what = f"{image} cannot be pulled"
    command = ["manifest", "inspect", "--insecure", reference]
    return read_json(
        command, what, lambda told: sum(int(layer["size"]) for layer in told.get("layers") or ())
    )


def pinned(version: Version, reference: str, known: Sequence[str]) -> Version:
    """A version with its digest in the repository of its image; unchanged where it has none."""
    mine = _digests_in(reference, known)
    return version.pinned(mine[0]) if mine and not version.digest else version


def _digests_in(reference: str, known: Sequence[str]) -> tuple[str, ...]:
    return names_under(list(known), f"{ImageReference.parse(reference).familiar}@")
