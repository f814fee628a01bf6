"""The images of a project: pulled, looked at, and kept or removed."""

import platform
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fream_compose.docker import local_images, refusals
from fream_compose.docker.changes import NOTHING, PULL, change
from fream_compose.docker.containers import run_once
from fream_compose.docker.engine import engine
from fream_compose.docker.image_facts import Facts, bytes_to_pull, facts, pinned
from fream_compose.docker.local_images import Image
from fream_compose.docker.reads import read_json
from fream_compose.docker.release_images import ReleaseImages, lacking, told, wanted
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.release import SetName, Version
from fream_compose.release_image import familiar

if TYPE_CHECKING:
    from fream_compose.project.settings import Settings

# What a machine runs, its own kind first: `uname -m` to the words of Go and of images.
_RUNS = {"x86_64": ("amd64", "386"), "aarch64": ("arm64", "arm"), "armv7l": ("arm",)}
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")
_QEMU = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386"}


class Images:
    """The images of a project, and those that it is made of."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self._pins: set[str] = set()

    def label(self, image: str, name: str) -> str:
        """What an image, which is on this server, has under a label; empty without it.

        Raises EngineError.
        """
        command = ["image", "inspect", "--format", "{{json .Config.Labels}}", image]
        what = f"{image} could not be inspected"
        return read_json(command, what, lambda labels: str((labels or {}).get(name, "")))

    def fetch(
        self,
        name: SetName,
        version: Version,
        check: Callable[[], None],
        contents: Mapping[str, str] = NOTHING,
        registry: bool = True,
    ) -> ReleaseImages:
        """Make the images of a version available here, under the names that Compose starts.

        check: called a few times a second while a registry is asked; what it raises ends the
        pull. contents: what the release remembers, by reference; a registry is asked only for
        what is not here of that. registry: False to ask none. Raises EngineError that names
        the image which cannot be had.
        """
        spec = self.settings.sets[name]
        content = wanted(spec, version, contents)
        here = local_images.names() if any(content.values()) else NOTHING
        found: dict[str, Facts] = {}
        for reference, known in content.items():
            image = told(spec, version.tag, reference)
            found[reference] = self._get(reference, known, here, image, check, registry)
            reject_foreign(reference, found[reference].architecture)
        references = spec.references(version.tag)
        app = found[references[name]]
        if not content[references[name]]:
            version = pinned(version, spec.app_image.reference(version.tag), app.digests)
        if any(content.values()) and not self._by_digest(spec.pinned(version)):
            self.name({reference: facts.id for reference, facts in found.items()})
        return ReleaseImages(
            version,
            {ref: content[ref] or facts.content(ref) for ref, facts in found.items()},
            {each: found[name].id for each, name in references.items() if name in found},
            lacking(spec, version, contents),
        )

    def _get(
        self,
        reference: str,
        content: str,
        here: Mapping[str, str],
        image: str,
        check: Callable[[], None],
        registry: bool,
    ) -> Facts:
        """An image by its content, or by what its name means where that is empty."""
        name = f"{reference}@{content}" if content else reference
        may_skip = content or self.settings.switch.pull == "missing" or not registry
        found = facts(here.get(content, name)) if may_skip else None
        if found is None and registry:
            self._pull(name, reference, image, check)
            found = facts(name)
        if found is None:
            raise EngineError(
                f"{image} is not on this server",
                "What is kept warm or was released before is not pulled again",
                next_step=f"docker pull {name}, if the registry still has it",
            )
        return found

    def _pull(self, name: str, reference: str, image: str, check: Callable[[], None]) -> None:
        what = f"{image} could not be pulled"
        try:
            change(lambda docker: docker.image.pull(name, quiet=True), what, PULL, check)
        except EngineError as error:
            raise refusals.explain(error, reference, self._released()) from error

    def _released(self) -> list[str]:
        """The tags that were released here, the newest last."""
        try:
            entries = self.settings.state.history.entries()
        except ConfigurationError:
            return []
        return [Version.parse(entry.version).tag for entry in entries if entry.served]

    def named(self, name: SetName, version: Version) -> Version:
        """A version as `.env` and Compose are to have it: with the digest where that will do.

        It will not where a set has several images, nor where the content came here under
        another name: then what the tag names here is the release. Raises EngineError.
        """
        pin, tag = self.settings.sets[name].pinned(version), Version(version.tag)
        if not pin:
            return tag
        elsewhere = not self._by_digest(pin) and version.digest in local_images.names()
        return tag if elsewhere else version

    def _by_digest(self, pin: str) -> bool:
        """Whether an image is known here by its repository and digest."""
        if pin and pin not in self._pins and facts(pin) is not None:
            self._pins.add(pin)
        return pin in self._pins

    def misnamed(self, ids: Mapping[str, str]) -> tuple[str, ...]:
        """The names that do not mean these images here. ids: by reference. Raises EngineError."""
        here = local_images.names()
        return tuple(name for name, image in ids.items() if here.get(familiar(name)) != image)

    def name(self, ids: Mapping[str, str]) -> None:
        """Have names mean these images here. ids: by reference. Raises EngineError."""
        wrong, what = self.misnamed(ids), "An image could not be named"
        if wrong:
            change(lambda docker: [docker.image.tag(ids[name], name) for name in wrong], what)

    def digests(self, image: str) -> tuple[str, ...]:
        """The digests of an image, in whatever repository. Raises EngineError."""
        found = facts(image)
        return found.contents if found else ()

    def bytes_to_pull(self, name: SetName, version: Version) -> int:
        """The packed size of what fetch() would pull. Raises EngineError when it would fail."""
        spec = self.settings.sets[name]
        content = wanted(spec, version, NOTHING)
        here = local_images.names() if any(content.values()) else NOTHING
        return sum(
            self._bytes(reference, known, here, told(spec, version.tag, reference))
            for reference, known in content.items()
        )

    def _bytes(self, reference: str, content: str, here: Mapping[str, str], image: str) -> int:
        if content in here or (self.settings.switch.pull == "missing" and facts(reference)):
            return 0
        try:
            return bytes_to_pull(f"{reference}@{content}" if content else reference, image)
        except EngineError as error:
            raise refusals.explain(error, reference, self._released()) from error

    def local_images(self, repositories: Iterable[str]) -> tuple[Image, ...]:
        """The images of repositories that are on this server. Raises EngineError."""
        return local_images.local_images(repositories, self.settings.project)

    def remove_images(self, unwanted: Sequence[Image]) -> None:
        """Remove images that no other project keeps. Raises EngineError."""
        local_images.remove_images(self.settings.project, unwanted)

    def keep_images(self, needed: Sequence[Image]) -> None:
        """Mark images as needed by this project. Raises EngineError."""
        local_images.keep_images(self.settings.project, needed)

    def refused(self, error: EngineError, wanted: Iterable[str]) -> EngineError | None:
        """The error of services that could not be started, told by the first of their images that
        is not here; None where all are."""
        missing = next((image for image in wanted if facts(image) is None), None)
        return refusals.explain(error, missing) if missing else None

    def nginx_version(self) -> str:
        """What the nginx of the settings' image says of itself. Raises EngineError."""
        image = self.settings.nginx_image
        if facts(image) is None:
            what = f"{image} could not be pulled"
            try:
                change(lambda docker: docker.image.pull(image, quiet=True), what, PULL)
            except EngineError as error:
                raise refusals.explain(error, image) from error
        told = run_once(image, ["nginx", "-v"], f"{image} could not be run", network="none")
        return told.strip()

    def free_bytes(self) -> int | None:
        """Free space where Docker stores images; None when that is not on this server."""
        try:
            return shutil.disk_usage(engine().root).free
        except OSError:
            return None


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
