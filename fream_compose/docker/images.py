"""The images of a project: pulled, looked at, and kept or removed."""

import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fream_compose import foreign
from fream_compose.docker import local_images
from fream_compose.docker.changes import PULL, change
from fream_compose.docker.containers import run_once
from fream_compose.docker.engine import engine
from fream_compose.docker.local_images import Image, names_under
from fream_compose.docker.reads import read, read_json
from fream_compose.errors import EngineError
from fream_compose.image_reference import ImageReference
from fream_compose.release import Version

if TYPE_CHECKING:
    from fream_compose.project.settings import Settings

_PUSHED = "Was it pushed? Are IMAGE_REGISTRY and IMAGE_NAME in .env right?"
# What a machine runs, its own kind first: `uname -m` to the words of Go and of images.
_RUNS = {"x86_64": ("amd64", "386"), "aarch64": ("arm64", "arm"), "armv7l": ("arm",)}
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386"}


class Images:
    """The images of a project, and those that it is made of."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings

    def image_id(self, version: Version) -> str:
        """The id of a release's image, which is on this server. Raises EngineError."""
        reference = f"{self.settings.image}:{version}"
        command = ["image", "inspect", "--format", "{{.Id}}", reference]
        return read(command, f"{reference} could not be inspected").strip()

    def fetch(self, version: Version, check: Callable[[], None]) -> Version:
        """Make the image of a version available here and pin its content.

        check: called a few times a second while the registry is asked; what it raises
        ends the pull. Returns the version with its digest, or unchanged when the image
        exists here only and has none. Raises EngineError.
        """
        reference = f"{self.settings.image}:{version}"
        known = facts(reference) if self._may_skip_pull(version) else None
        if known is None:
            self._pull(reference, check)
            known = facts(reference)
        if known is None:
            return version
        reject_foreign(reference, known.architecture)
        return pinned(version, self.settings.image, known.digests)

    def _pull(self, reference: str, check: Callable[[], None]) -> None:
        what = f"{reference} could not be pulled"
        try:
            change(lambda docker: docker.image.pull(reference, quiet=True), what, PULL, check)
        except EngineError as error:
            error.next_step = _PUSHED
            raise

    def bytes_to_pull(self, version: Version) -> int:
        """The packed size of what fetch() would pull. Raises EngineError when it would fail."""
        reference = f"{self.settings.image}:{version}"
        if self._may_skip_pull(version) and facts(reference):
            return 0
        try:
            return bytes_to_pull(reference)
        except EngineError as error:
            error.next_step = _PUSHED
            raise

    def _may_skip_pull(self, version: Version) -> bool:
        return bool(version.digest) or self.settings.switch.pull == "missing"

    def local_images(self) -> tuple[Image, ...]:
        """The images of the project's repository that are on this server. Raises EngineError."""
        return local_images.local_images(self.settings.image, self.settings.project)

    def remove_images(self, unwanted: Sequence[Image]) -> None:
        """Remove images of the project's repository that no other project keeps.

        Raises EngineError.
        """
        local_images.remove_images(self.settings.image, self.settings.project, unwanted)

    def keep_images(self, needed: Sequence[Image]) -> None:
        """Mark images as needed by this project. Raises EngineError."""
        local_images.keep_images(self.settings.project, needed)

    def nginx_version(self) -> str:
        """What the nginx of the settings' image says of itself. Raises EngineError."""
        image = self.settings.nginx_image
        what = f"{image} could not be run"
        if facts(image) is None:
            change(lambda docker: docker.image.pull(image, quiet=True), what, PULL)
        return run_once(image, ["nginx", "-v"], what, network="none").strip()

    def free_bytes(self) -> int | None:
        """Free space where Docker stores images; None when that is not on this server."""
        try:
            return shutil.disk_usage(engine().root).free
        except OSError:
            return None


@dataclass(frozen=True)
class Facts:
    """What is to be known of an image before it is started: its digests, and for which
    kind of processor it was made, in Go's words."""

    digests: tuple[str, ...]
    architecture: str


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
    return foreign.made(Facts, digests=digests, architecture=found["Architecture"])


def bytes_to_pull(reference: str) -> int:
    """The packed size of an image in its registry; 0 where it has one for each processor.

    Raises EngineError when the registry does not have it.
    """
    what = f"{reference} is not in the registry"
    command = ["manifest", "inspect", "--insecure", reference]
    return read_json(
        command, what, lambda told: sum(int(layer["size"]) for layer in told.get("layers") or ())
    )


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
    mine = names_under(list(known), f"{ImageReference.parse(image).familiar}@")
    return version.pinned(mine[0]) if mine and not version.digest else version
