"""Which images of past releases may go, and their removal."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.filesize import decimal

from fream_compose.docker.local_images import Image
from fream_compose.docker.project import Project
from fream_compose.errors import UsageError
from fream_compose.operations.context import Context
from fream_compose.project.envfile import version_variable
from fream_compose.project.history import Entry
from fream_compose.release import SetName, Version

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
    """Remove images of the project's repository, but for those of the last releases.

    keep: of how many releases. unreleased: also images that the history does not name.
    What a container uses stays, and so does what `.env` names, and what another project
    keeps. Raises EngineError.
    """
    project = context.project
    images, entries = project.images.local_images(), context.history.entries()
    needed = [*last_releases(entries, keep), *_named(project)]
    project.images.keep_images([i for i in images if not i.kept and any(map(i.holds, needed))])
    released = None if unreleased else _versions(entry.version for entry in entries)
    unneeded = superfluous(images, needed, released)
    going = tuple(image for image in unneeded if not image.kept_by_others)
    kept = len(images) - len(going)
    if not unneeded:
        return Pruned((), kept, 0)
    with context.report.step(TITLE) as step:
        before = project.images.free_bytes()
        project.images.remove_images(unneeded)
        done = Pruned(_names_of(going), kept, _grown(before, project.images.free_bytes()))
        step.detail = str(done)
    return done


def superfluous(
    images: Iterable[Image], needed: Iterable[Version], released: Iterable[Version] | None
) -> tuple[Image, ...]:
    """The images that no container uses and that are none of those needed.

    Those that another project keeps only while this one does, too: it lets go of them.
    released: only images of these versions may go, so that one which waits for its
    release stays; None for any.
    """
    needed, released = tuple(needed), None if released is None else tuple(released)
    return tuple(
        image
        for image in images
        if not image.used
        and (image.kept or not image.kept_by_others)
        and not any(map(image.holds, needed))
        and (released is None or any(map(image.holds, released)))
    )


def last_releases(entries: Iterable[Entry], count: int) -> tuple[Version, ...]:
    """The versions of the last so many releases that went well, the newest first."""
    done = [entry.version for entry in entries if entry.served]
    return _versions(list(dict.fromkeys(reversed(done)))[:count])


def _named(project: Project) -> tuple[Version, ...]:
    """The live release and the previous one."""
    return _versions(project.env.get(version_variable(name)) for name in SetName)


def _versions(texts: Iterable[str]) -> tuple[Version, ...]:
    """What can be read; the history of an older fream may hold anything."""
    found = []
    for text in texts:
        try:
            found.append(Version.parse(text))
        except UsageError:
            continue
    return tuple(found)


def _names_of(images: tuple[Image, ...]) -> tuple[str, ...]:
    """What people call each image."""
    return tuple(", ".join(image.tags) or image.digests[0] for image in images)


def _grown(before: int | None, after: int | None) -> int | None:
    # Others write to the disk too, and may have taken more than was freed.
    return None if before is None or after is None else max(0, after - before)


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"
