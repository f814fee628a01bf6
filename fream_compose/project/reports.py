"""The folder `reports`: of each of the last releases all that is known, for programs and people."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fream_compose.project import durable

_KEPT = 50
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class Reports:
    """The reports in a folder, each as JSON and as a page, named by the id of the run."""

    directory: Path

    def json(self, identifier: str) -> Path:
        """Where the report for programs is."""
        return self.directory / f"{identifier}.json"

    def page(self, identifier: str) -> Path:
        """Where the page is."""
        return self.directory / f"{identifier}.html"

    def write(self, identifier: str, text: str, page: str) -> None:
        """Keep a report, its owner's alone, and forget the oldest. Raises ConfigurationError."""
        durable.make_state_folder(self.directory.parent)
        durable.make_folder(self.directory)
        durable.write(self.json(identifier), text, mode=0o600)
        durable.write(self.page(identifier), page, mode=0o600)
        self._forget_the_oldest(but=identifier)

    def read(self, identifier: str) -> str:
        """The report for programs; empty where none is kept, or none can be read."""
        with suppress(OSError, ValueError):
            if _ID.fullmatch(identifier):
                return self.json(identifier).read_text(encoding="utf-8")
        return ""

    def _forget_the_oldest(self, but: str) -> None:
        # Their names begin with the moment at which they began, by a clock that may be set back.
        kept = {but, *sorted({path.stem for path in self.directory.glob("*.json")})[-_KEPT:]}
        for path in self.directory.iterdir():
            if path.suffix in (".json", ".html") and path.stem not in kept:
                durable.remove(path)
