"""This checkout's templates, without what a trial of it wrote beside them, such as the demo."""

from __future__ import annotations

from pathlib import Path

from fream_compose.setup import project_files

ROOT = Path(__file__).parents[1]


def copy_templates(folder: Path, *parts: str) -> None:
    """Write what a new project begins with: compose/, nginx/, or both."""
    for path, text in project_files.upgradable(None, ROOT).items():
        if path.parts[0] in parts:
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
