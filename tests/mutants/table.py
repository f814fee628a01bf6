"""The table of mutants: table.toml, read and held against the code."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


class StaleError(Exception):
    """The table does not fit the code."""


@dataclass(frozen=True)
class Mutant:
    """One broken line.

    promise: what the line carries. file: in the tree. text: what stands there, once.
    broken: what takes its place. tests: the files that should notice first.
    """

    promise: str
    file: str
    text: str
    broken: str
    tests: tuple[str, ...] = ()

    def breaks(self, tree: Path) -> str:
        """The file's text with the mutant in it. Raises StaleError."""
        path = tree / self.file
        whole = path.read_text(encoding="utf-8") if path.is_file() else ""
        if (count := whole.count(self.text)) != 1:
            raise StaleError(f"{self.file} has this {count} times, not once: {self.text}")
        mutated = whole.replace(self.text, self.broken)
        if mutated == whole:
            raise StaleError(f"{self.file}: this mutant changes nothing: {self.text}")
        if path.suffix == ".py":
            self._reject_nonsense(mutated)
        return mutated

    def _reject_nonsense(self, mutated: str) -> None:
        # What cannot be read at all would be noticed by every test, and prove nothing.
        try:
            compile(mutated, self.file, "exec")
        except SyntaxError as error:
            raise StaleError(f"{self.file}: this is no Python: {self.broken}") from error


def read(table: Path, tree: Path) -> tuple[Mutant, ...]:
    """The mutants of a table that fits a tree. Raises StaleError with all that does not."""
    rows = tomllib.loads(table.read_text(encoding="utf-8"))["mutant"]
    mutants = tuple(Mutant(**{**row, "tests": tuple(row.get("tests", ()))}) for row in rows)
    if stale := [told for mutant in mutants for told in _complaints(mutant, tree)]:
        raise StaleError("\n".join(stale))
    return mutants


def _complaints(mutant: Mutant, tree: Path) -> list[str]:
    missing = [f"There is no {file}" for file in mutant.tests if not (tree / file).is_file()]
    try:
        mutant.breaks(tree)
    except StaleError as error:
        return [*missing, str(error)]
    return missing
