"""Of the lock on stdin, what fream itself needs: not what its tests do, nor another system."""

import re
import sys
from importlib.metadata import PackageNotFoundError, requires


def normal(name: str) -> str:
    """A name as a lock has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, found: set[str]) -> set[str]:
    """Adds all that a distribution requires and that is installed here, without extras."""
    for line in requires(name) or ():
        requirement, _, marker = line.partition(";")
        other = normal(re.split(r"[\s<>=!~\[(]", requirement)[0])
        if "extra" not in marker and other not in found:
            try:
                needed(other, found)
            except PackageNotFoundError:
                continue
            found.add(other)
    return found


wanted = needed("fream-compose", set())
for pinned in re.finditer(r"^([^\s=\[]+).*(?:\n .*)*", sys.stdin.read(), re.M):
    if normal(pinned[1]) in wanted:
        print(pinned[0])
