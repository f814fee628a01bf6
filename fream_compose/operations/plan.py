"""Where a release goes and what it replaces, decided before anything is done. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from fream_compose.errors import ConfigurationError
from fream_compose.operations.diagnosis import kept_warm
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.history import Kind
from fream_compose.release import LiveRelease, SetName, Version


@dataclass(frozen=True)
class SwitchRequest:
    """What the operator asks for.

    hold: wait for a verdict before the cut-over. keep_warm: how long the old set stays
    running; None removes it. kind: on a rollback a set that was kept warm with this very
    version may serve at once. skip_hooks: run none of the user's commands.
    """

    version: Version
    hold: bool = False
    keep_warm: timedelta | None = None
    kind: Kind = Kind.SWITCH
    skip_hooks: bool = False


@dataclass(frozen=True)
class Plan:
    """Where the release goes, what it replaces, and the version that is kept warm there.

    unfit: what is kept warm is not fit to serve as it is.
    """

    target: SetName
    replaces: LiveRelease | None
    warm: str = ""
    unfit: bool = False

    def reuses(self, request: SwitchRequest) -> bool:
        """Whether the set that is kept warm serves as it is."""
        fits = request.kind is Kind.ROLLBACK and self.warm == str(request.version)
        return fits and not self.unfit


def reject_older_files(looks: bool) -> None:
    """Raise ConfigurationError for an nginx that does not look at files at each request."""
    if not looks:
        raise ConfigurationError(
            "nginx runs with the files of an older fream",
            "It does not look at what a switch or a maintenance renames",
            next_step="fream init --upgrade, then: fream reload",
        )


def decide(snapshot: Snapshot) -> Plan:
    """Plan a switch: the new release goes where the live one is not.

    Raises ConfigurationError for an nginx that would not see the cut-over.
    """
    reject_older_files(snapshot.looks)
    live, warm = snapshot.live, snapshot.warm
    # Where nothing is live, what runs all the same may be good: best leave it alone.
    free = sorted(frozenset(SetName) - snapshot.occupied) or sorted(
        SetName, key=lambda name: name in snapshot.healthy
    )
    target = live.set.other if live else free[0]
    return Plan(target, live, warm.version if warm and target in kept_warm(snapshot) else "")
