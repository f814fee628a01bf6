"""Where a release goes and what it replaces, decided before anything is done. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from fream_compose.docker.facts import Condition
from fream_compose.errors import ConfigurationError
from fream_compose.operations.diagnosis import kept_warm
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.entry import Kind
from fream_compose.project.finishing import Finishing
from fream_compose.release import LiveRelease, SetName, Version
from fream_compose.report import Move


@dataclass(frozen=True)
class SwitchRequest:
    """What the operator asks for.

    hold: wait for a verdict before the cut-over. keep_warm: how long the old set stays
    running; None removes it. kind: on a rollback a set that was kept warm with this very
    version may serve at once. skip_hooks: run none of the user's commands. images: what is
    remembered of the release's, by reference. no_way_back: why no release before this one can
    serve again; empty where one can, or its image says it.
    """

    version: Version
    hold: bool = False
    keep_warm: timedelta | None = None
    kind: Kind = Kind.SWITCH
    skip_hooks: bool = False
    images: Mapping[str, str] = field(default_factory=dict)
    no_way_back: str = ""


@dataclass(frozen=True)
class Plan:
    """Where the release goes, what it replaces, and the version that is kept warm there.

    unfit: what is kept warm is not fit to serve as it is. finishing: what still finishes its
    work where the release goes. orphans: containers of what it replaces whose services are
    in the Compose files no more.
    """

    target: SetName
    replaces: LiveRelease | None
    warm: str = ""
    unfit: bool = False
    finishing: tuple[Finishing, ...] = ()
    orphans: tuple[Condition, ...] = ()

    def reuses(self, request: SwitchRequest) -> bool:
        """Whether the set that is kept warm serves as it is."""
        fits = request.kind is Kind.ROLLBACK and self.warm == str(request.version)
        return fits and not self.unfit

    def waits_for(self, request: SwitchRequest, early: Sequence[str]) -> tuple[Finishing, ...]:
        """What must have finished before the release starts. early: services that start with it.

        On the way back users do not wait for a worker: its successor does, after the cut-over.
        """
        back = request.kind is Kind.ROLLBACK
        return tuple(one for one in self.finishing if one.service in early or not back)

    def move(self, request: SwitchRequest, run: str) -> Move:
        """What is about to happen, in words. run: its id."""
        was = str(self.replaces) if self.replaces else "nothing"
        return Move(was, f"{request.version.short} in {self.target}", run)


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
    workers = snapshot.workers
    return Plan(
        target,
        live,
        warm.version if warm and target in kept_warm(snapshot) else "",
        finishing=workers.finishing_in(target),
        orphans=workers.orphans_of(live.set) if live else (),
    )
