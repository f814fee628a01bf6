"""Which containers there are, by the labels that Compose writes on them."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from fream_compose.docker.facts import Condition, Container, Origin, Placed
from fream_compose.docker.reads import read, taken
from fream_compose.errors import EngineError

_LABEL = "com.docker.compose"
_GONE = re.compile(r"No such container: (\S+)")
_LASTING = {"oneoff": "False"}
_FIELDS = (".ID", ".Names", "service", ".State", ".Status", ".Image")
_ORIGIN = (".ID", ".Names", "service", "project.working_dir", "project.config_files", ".Mounts")
_PLACED = (".Names", ".State", "service", "project", "project.config_files")


def containers_where(label: str, value: str) -> tuple[Container, ...]:
    """The containers with a label of Compose's, running or not. Raises EngineError."""
    return tuple(Container(*row) for row in _rows({label: value, **_LASTING}, _FIELDS))


def still_there(
    ask: Callable[[Sequence[str]], tuple[Condition, ...]], listed: Sequence[Container]
) -> tuple[tuple[Container, ...], tuple[Condition, ...]]:
    """Those of them that are not gone since they were listed, each with how it fares.

    One that ends by itself may be removed at any moment. ask: tells of ids, and raises
    EngineError where one is gone. Raises EngineError for all else.
    """
    while True:
        try:
            return tuple(listed), ask([container.id for container in listed])
        except EngineError as error:
            gone = set(_GONE.findall(error.why))
            left = [container for container in listed if container.id not in gone]
            if len(left) == len(listed):
                raise
            listed = left


def origins_of(project: str) -> tuple[Origin, ...]:
    """Where each container of a project was made, one-off ones too. Raises EngineError."""
    rows = _rows({"project": project}, _ORIGIN)
    return tuple(
        Origin(id, name, service, folder, tuple(files.split(",")), tuple(mounts.split(",")))
        for id, name, service, folder, files, mounts in rows
    )


def placed_in(folder: Path) -> tuple[Placed, ...]:
    """The containers that Compose made in a folder, of whatever project. Raises EngineError."""
    rows = _rows({"project.working_dir": str(folder), **_LASTING}, _PLACED)
    return tuple(
        Placed(name, state, service, project, tuple(files.split(",")))
        for name, state, service, project, files in rows
    )


def published(container: str, inner: int) -> int:
    """On which port of this server a container's port is; 0 while it does not run."""
    what = "No such port"
    try:
        return taken(read(["container", "port", container, f"{inner}/tcp"], what), what, _port)
    except EngineError:
        return 0


def _port(printed: str) -> int:
    found = printed.split()
    return int(found[0].rpartition(":")[2]) if found else 0


def _rows(labels: dict[str, str], fields: Sequence[str]) -> list[list[str]]:
    """Fields of the containers with these labels: Docker's begin with a dot, others are labels."""
    columns = [f if f[0] == "." else f'.Label "{_LABEL}.{f}"' for f in fields]
    listing = ["container", "ls", "--all", "--no-trunc"]
    for name, value in labels.items():
        listing += ["--filter", f"label={_LABEL}.{name}={value}"]
    return rows(listing, columns, "Docker could not list the containers")


def rows(listing: list[str], columns: Sequence[str], what: str) -> list[list[str]]:
    """What Docker lists, a row for each line, each with these columns. Raises EngineError."""
    form = "\t".join(f"{{{{{column}}}}}" for column in columns)
    printed = read([*listing, "--format", form], what)
    # Not splitlines(): a folder's name may hold the other line separators.
    lines = [line for line in printed.split("\n") if line]
    return taken(printed, what, lambda _: [_row(line, columns) for line in lines])


def _row(line: str, columns: Sequence[str]) -> list[str]:
    """Raises ValueError for another number of columns, as a TAB in a folder's name makes."""
    return [cell for cell, _ in zip(line.split("\t"), columns, strict=True)]
