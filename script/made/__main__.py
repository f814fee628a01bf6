"""python -m script.made: write them."""

from __future__ import annotations

from pathlib import Path

from script.made import man, schemas, words
from script.made.tree import tree

ROOT = Path(__file__).parents[2]


def made() -> dict[Path, str]:
    """The text of each file that is made, by its path."""
    root, folder = tree(), ROOT / "docs" / "schema"
    return {
        **{folder / name: text for name, text in schemas.all_of_them().items()},
        ROOT / "docs" / "fream.1": man.text(root),
        ROOT / "fream_compose" / "cli" / "words.json": words.text(root),
    }


if __name__ == "__main__":
    for path, text in made().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
