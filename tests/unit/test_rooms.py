"""The picture of imports: arrows between the rooms point one way, and no module is in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import fream_compose

PACKAGE = Path(fream_compose.__file__).parent
ROOT = "the root"
_BELOW_OPERATIONS = {"release_report", "nginx", "docker", "project", ROOT}
# Each room, and the rooms that it may import beside itself.
MAY_IMPORT = {
    "cli": {"operations", "doctor", "setup", *_BELOW_OPERATIONS},
    "doctor": {"operations", *_BELOW_OPERATIONS},
    "operations": _BELOW_OPERATIONS,
    "setup": {"project", ROOT},
    "release_report": {"nginx", "project", ROOT},
    "nginx": {"project", ROOT},
    "docker": {"project", ROOT},
    "project": {ROOT},
    ROOT: set(),
}
LONGEST = 250  # lines of a file


def modules() -> dict[str, Path]:
    """Every module of the package by its name in it, such as `nginx.proxy`."""
    paths = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in paths}


MODULES = modules()


def room(module: str) -> str:
    """The room that a module is in; what lies beside the rooms is the root."""
    first, dot, _ = module.partition(".")
    return first if dot else ROOT


def imported(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports, wherever in it, for types only too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fream_compose"):
            inside = (node.module or "").removeprefix("fream_compose").removeprefix(".")
            if inside in MODULES:
                yield inside
            else:
                names = (f"{inside}.{alias.name}".lstrip(".") for alias in node.names)
                yield from (name for name in names if name in MODULES)
        elif isinstance(node, ast.Import):
            names = (alias.name.removeprefix("fream_compose.") for alias in node.names)
            yield from (name for name in names if name in MODULES)


def test_every_room_has_its_rule() -> None:
    assert {room(module) for module in MODULES} == set(MAY_IMPORT)
    assert sum(len(list(imported(path))) for path in MODULES.values()) > 300


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_its_room(module: str) -> None:
    mine = room(module)
    allowed = {mine, *MAY_IMPORT[mine]}

    wrong = [name for name in imported(MODULES[module]) if room(name) not in allowed]

    # `python -m fream_compose` is the command line's other door.
    assert module == "__main__" or wrong == []


def test_no_module_is_in_a_circle() -> None:
    graph = {module: set(imported(path)) for module, path in MODULES.items()}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


@pytest.mark.parametrize("module", MODULES)
def test_a_file_can_be_read_at_one_sitting(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LONGEST
