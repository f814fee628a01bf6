"""An image whose name follows a release's version, and what a release remembers of its images."""

from collections.abc import Mapping
from dataclasses import dataclass

from fream_compose.image_reference import ImageReference
from fream_compose.release import SetName, Version


def place_of(name: SetName) -> str:
    """What stands in the settings where a set's version is to be; a tag that nobody has."""
    return f"fream.{name}.version"


@dataclass(frozen=True)
class ReleaseImage:
    """What the Compose files call an image: `before` and `after` stand around the version."""

    before: str
    after: str = ""

    @classmethod
    def of(cls, image: str, name: SetName) -> "ReleaseImage | None":
        """Taken from a service's image in the settings; None where it follows no version."""
        before, found, after = image.partition(place_of(name))
        return cls(before, after) if found else None

    def reference(self, tag: str) -> str:
        """Its name in a release."""
        return f"{self.before}{tag}{self.after}"

    def version_in(self, reference: str) -> str:
        """What stands in the version's place; empty where it is another image."""
        if not (reference.startswith(self.before) and reference.endswith(self.after)):
            return ""
        return reference.removeprefix(self.before).removesuffix(self.after)

    def pinned(self, version: Version) -> str:
        """Its name by its content: `REPO@DIGEST`; empty where no digest may follow the version."""
        named = self.before.endswith(":") and not self.after and version.digest
        return f"{familiar(self.before[:-1])}@{version.digest}" if named else ""


def familiar(reference: str) -> str:
    """An image's name without its digest, as Docker prints it."""
    image = ImageReference.parse(reference)
    return f"{image.familiar}:{image.tag}" if image.tag else image.familiar


def recorded(reference: str, contents: Mapping[str, str], alone: bool) -> str:
    """What a release remembers as the content of an image; empty where it remembers nothing.

    contents: by reference. The registry, and where the image stands in it, may have changed;
    of an image that is the release's only one, now and then, also its name.
    alone: whether it is that now.
    """
    if reference in contents:
        return contents[reference]
    wanted = ImageReference.parse(reference)
    for same in (_in_registry, _last):
        found = [c for known, c in contents.items() if same(known) == same(reference)]
        if len(found) == 1:
            return found[0]
    same_tag = [c for known, c in contents.items() if ImageReference.parse(known).tag == wanted.tag]
    return same_tag[0] if alone and len(contents) == 1 and same_tag else ""


def _in_registry(reference: str) -> tuple[str, str]:
    image = ImageReference.parse(reference)
    return image.repository, image.tag


def _last(reference: str) -> tuple[str, str]:
    repository, tag = _in_registry(reference)
    return repository.rpartition("/")[2], tag
