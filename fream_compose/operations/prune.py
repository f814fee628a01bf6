"""Which images of past releases may go, and their removal."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from rich.filesize import decimal

from fream_compose.docker.local_images import Image
from fream_compose.docker.project import Project
from fream_compose.errors import UsageError
from fream_compose.image_reference import ImageReference
from fream_compose.operations.context import Context
from fream_compose.project.entry import Entry
from fream_compose.project.envfile import version_variable
from fream_compose.project.settings import Settings
from fream_compose.release import SetName, Version
from fream_compose.release_image import ReleaseImage, familiar
from fream_compose.step_ids import StepId

TITLE = "Remove the images of past releases"


@dataclass(frozen=True)
class Pruned:
    """What was removed, by its tags or else its digest, and how many images stay.

    freed: bytes by which the free space of the engine's disk grew, layers that others
    share not counted; None where that disk cannot be seen from here.
    """

    removed: tuple[str, ...]
    kept: int
    freed: int | None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.removed:
            return f"Nothing to remove; {_images(self.kept)} kept"
        freed = "" if self.freed is None else f", {decimal(self.freed)} freed"
        return f"{_images(len(self.removed))} removed{freed}, {self.kept} kept"


def retain(context: Context) -> Pruned:
    """Keep the images of as many releases as `x-fream.retain` says. Raises EngineError."""
    return prune(context, context.settings.switch.retain)


def prune(context: Context, keep: int, unreleased: bool = False) -> Pruned:
    """Remove images of the repositories of releases, but for those of the last releases.

    keep: of how many releases. unreleased: also images that the history does not name.
    What a container uses stays, and so does what `.env` names, and what another project
    keeps. Raises EngineError.
    """
    project, entries = context.project, context.history.entries()
    app = project.settings.sets[SetName.SET1].app_image
    images = project.images.local_images(_repositories(project.settings, entries))
    needed = known_as(app, last_releases(entries, keep)) | _named(project)
    project.images.keep_images([i for i in images if not i.kept and i.known_as & needed])
    unneeded = superfluous(images, needed, None if unreleased else known_as(app, entries))
    going = tuple(image for image in unneeded if not image.kept_by_others)
    kept = len(images) - len(going)
    if not unneeded:
        return Pruned((), kept, 0)
    with context.report.step(TITLE, id=StepId.PRUNE) as step:
        before = project.images.free_bytes()
        project.images.remove_images(unneeded)
        done = Pruned(_names_of(going), kept, _grown(before, project.images.free_bytes()))
        step.detail = str(done)
    return done


def superfluous(
    images: Iterable[Image], needed: frozenset[str], released: frozenset[str] | None
) -> tuple[Image, ...]:
    """The images that no container uses and that are none of those needed.

    Those that another project keeps only while this one does, too: it lets go of them.
    needed, released: as images are known. released: only these may go, so that one which
    waits for its release stays; None for any.
    """
    return tuple(
        image
        for image in images
        if not image.used
        and (image.kept or not image.kept_by_others)
        and not image.known_as & needed
        and (released is None or image.known_as & released)
    )


def last_releases(entries: Iterable[Entry], count: int) -> tuple[Entry, ...]:
    """The last so many releases that went well, each counted once, the newest first."""
    done = [entry for entry in entries if entry.served]
    each = {entry.release: entry for entry in done}
    newest_first = dict.fromkeys(entry.release for entry in reversed(done))
    return tuple(each[release] for release in newest_first)[:count]


def known_as(app: ReleaseImage, entries: Iterable[Entry]) -> frozenset[str]:
    """What the images of releases are known by: their contents, or else the app's tag.

    What cannot be read is passed over: the history of an older fream may hold anything.
    """
    found: set[str] = set()
    for entry in entries:
        found |= {*entry.images.values()}
        with suppress(UsageError):
            version = Version.parse(entry.version)
            alone = version.digest or familiar(app.reference(version.tag))
            found |= set() if entry.images else {alone}
    return frozenset(found)


def _named(project: Project) -> frozenset[str]:
    """The live release and the previous one."""
    found: set[str] = set()
    for name, spec in project.settings.sets.items():
        with suppress(UsageError):
            version = Version.parse(project.env.get(version_variable(name)))
            tags = {*map(familiar, spec.references(version.tag).values())}
            found |= {version.digest} if version.digest else tags
    return frozenset(found)


def _repositories(settings: Settings, entries: Iterable[Entry]) -> set[str]:
    """Those of now, and those that releases remember."""
    then = {reference for entry in entries for reference in entry.images}
    found = {ImageReference.parse(reference).name for reference in then}
    return found.union(*(spec.repositories for spec in settings.sets.values()))


def _names_of(images: tuple[Image, ...]) -> tuple[str, ...]:
    """What people call each image; with its repository where there are several."""
    if len({image.repository for image in images}) > 1:
        return tuple(", ".join(image.references) for image in images)
    return tuple(", ".join(image.tags) or image.digests[0] for image in images)


def _grown(before: int | None, after: int | None) -> int | None:
    # Others write to the disk too, and may have taken more than was freed.
    return None if before is None or after is None else max(0, after - before)


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"
