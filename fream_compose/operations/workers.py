"""What of a project's containers no request tells: who works, who should, and who ails. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from fream_compose.docker.facts import Condition, seconds
from fream_compose.project.finishing import Finishing
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName

_RECENT = 60.0  # seconds after its start in which a container that was restarted is not well


@dataclass(frozen=True)
class Ailing:
    """What is wrong with a container of the live set, in words, and what shows or mends it."""

    what: str
    fix: str


@dataclass(frozen=True)
class Workers:
    """The containers of a project beside its apps.

    finishing: told to stop, and still at work or about to be removed. missing: services that
    should work for the live release, and do not. astray: containers of services that work for
    a live release only, in a set that is not live. orphans: containers of no service in the
    Compose files.
    """

    finishing: tuple[Finishing, ...] = ()
    missing: tuple[str, ...] = ()
    astray: tuple[Condition, ...] = ()
    orphans: tuple[Condition, ...] = ()
    ailing: tuple[Ailing, ...] = ()

    def finishing_in(self, name: SetName) -> tuple[Finishing, ...]:
        """What finishes its work in a set."""
        return tuple(one for one in self.finishing if one.set == name)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Each orphan with its end, in words."""
        return tuple(
            f"{one.service} is in the Compose files no more: {_end(one)}" for one in self.orphans
        )

    def orphans_of(self, name: SetName) -> tuple[Condition, ...]:
        """The orphans that belonged to a set, as their names tell."""
        return tuple(one for one in self.orphans if set_named_by(one.service) == name)


def workers_of(
    settings: Settings,
    live: LiveRelease | None,
    conditions: Sequence[Condition],
    finishing: tuple[Finishing, ...],
    now: datetime,
    released: Collection[str],
) -> Workers:
    """What is seen of them.

    finishing: as finishing_of() says it. released: the services that the live release has.
    """
    told = {one.container for one in finishing}
    others = [one for one in conditions if one.id not in told]
    mine = [one for one in others if live and settings.set_of(one.service) == live.set]
    there = {one.service for one in mine if not _must_start(one)}
    late = settings.late_services(live.set).values() if live else ()
    known = {one.service for one in mine} | {*late, *SetName}
    gone = [service for service in released if service not in known]
    return Workers(
        finishing=finishing,
        missing=tuple(name for name in late if name in released and name not in there),
        astray=astray(settings, live.set, others) if live else (),
        orphans=tuple(one for one in others if one.service not in settings.services),
        ailing=(
            *(
                Ailing(f"{one.service} {why}", f"fream logs {one.service}")
                for one in mine
                if (why := _ailment(one, now))
            ),
            *(Ailing(f"{service} has no container", "fream up") for service in gone),
        ),
    )


def finishing_of(
    noted: Sequence[Finishing], conditions: Sequence[Condition]
) -> tuple[Finishing, ...]:
    """What of all that was told to stop is there, and was not started again since."""
    there = {(one.id, one.started) for one in conditions}
    return tuple(one for one in noted if (one.container, one.started) in there)


def astray(
    settings: Settings, live: SetName, conditions: Sequence[Condition]
) -> tuple[Condition, ...]:
    """Containers of services that work for a live release only, in the set that is not live."""
    idle = settings.late_services(live.other).values()
    return tuple(one for one in conditions if one.service in idle)


def set_named_by(service: str) -> SetName | None:
    """The set whose name is a word of a service's name, such as set1-worker or worker_set1."""
    words = re.split("[-_.]", service)
    return next((name for name in SetName if name in words), None)


def _end(orphan: Condition) -> str:
    name = set_named_by(orphan.service)
    return f"{orphan.name} goes with {name}" if name else f"fream down removes {orphan.name}"


def _must_start(one: Condition) -> bool:
    """Whether it does not run and Docker will not start it; a job that failed has had its turn."""
    return one.state in ("created", "dead") or (one.state == "exited" and one.lasting)


def _ailment(one: Condition, now: datetime) -> str:
    """What is wrong with a container of the live set; empty when nothing is."""
    if not one.working:
        return one.ending if one.crashed else f"is {one.state}"
    if one.health == "unhealthy":
        return "does not pass its health check"
    if one.restarts and not one.finished and now.timestamp() - seconds(one.started) < _RECENT:
        return f"{one.ending}, and Docker started it again"
    return ""
