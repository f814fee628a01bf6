"""What was measured: results.json, and the table and the plot that are made from it."""

import json
from pathlib import Path
from typing import Any

from benchmarks.plot import plot
from benchmarks.table import table
from fream_compose.project import durable


def read(folder: Path) -> dict[str, Any]:
    """The results of all parts; none before the first run. Raises ValueError."""
    path = folder / "results.json"
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path} does not hold the results of parts")
    return found


def keep(folder: Path, part: str, found: dict[str, Any]) -> None:
    """Put a part that ran to its end in place of its earlier results; the others stay."""
    results = read(folder) | {part: found}
    durable.write(folder / "results.json", json.dumps(results, indent=2) + "\n")
    render(folder)


def render(folder: Path) -> None:
    """Write the table and the plot again. Raises ValueError before the first run."""
    results = read(folder)
    if not results:
        raise ValueError(f"Nothing was measured yet: there is no {folder / 'results.json'}")
    readme = folder / "README.md"
    text, drawn = table(readme.read_text(encoding="utf-8"), results), plot(results)
    durable.write(readme, text)
    durable.write(folder / "results.svg", drawn)
