"""What every operation works with."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fream_compose.docker.project import Project
from fream_compose.interruption import Interruption
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.journal import Journal
from fream_compose.project.entry import Kind
from fream_compose.project.history import History
from fream_compose.project.notes import Notes
from fream_compose.project.settings import Settings
from fream_compose.report import Report


@dataclass(frozen=True)
class Context:
    """One run of a command on one project. clock: in seconds, and only forward.

    journal: of the run's row in the history; None where there is none yet.
    """

    project: Project
    proxy: Proxy
    report: Report
    interruption: Interruption
    clock: Callable[[], float] = time.monotonic
    journal: Journal | None = None

    def journal_of(self, kind: Kind) -> Journal:
        """That of the run, or a new one for a release."""
        return self.journal or Journal(self.history, self.report, self.clock, kind)

    @property
    def settings(self) -> Settings:
        """The project's settings."""
        return self.project.settings

    @property
    def notes(self) -> Notes:
        """The project's notes."""
        return self.settings.state.notes

    @property
    def history(self) -> History:
        """The project's history."""
        return self.settings.state.history
