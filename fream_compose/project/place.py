"""Where a project is: a folder has many paths, and Docker's labels hold one of them."""

import os
from contextlib import suppress
from pathlib import Path

from fream_compose.project import durable
from fream_compose.project.state import state_of

_NOTE = "place"


def same_place(one: Path, other: Path) -> bool:
    """Whether two paths lead to one folder, through links and mounts."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False


def settled(compose_directory: Path) -> Path:
    """The path by which the project's containers know its folder, whatever led to it.

    Compose makes MySQL and nginx anew where the same files come by another path.
    """
    return noted(compose_directory) or compose_directory


def settle(compose_directory: Path, path: Path) -> None:
    """Note by which path the containers know the folder, unless that is known.

    Raises ConfigurationError.
    """
    if not noted(compose_directory):
        note = state_of(compose_directory).path / _NOTE
        durable.write_note(note, str(path.absolute()))


def noted(compose_directory: Path) -> Path | None:
    """The path that was noted; None where it is not known yet."""
    # A folder may have been copied or moved: a note counts where it leads to its own folder.
    with suppress(OSError, ValueError):
        note = state_of(compose_directory).path / _NOTE
        known = Path(note.read_text("utf-8", "surrogateescape"))
        if known.is_absolute() and same_place(known, compose_directory):
            return known
    return None
