"""How a set that runs fares, asked as it was released."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fream_compose.docker.facts import Condition
from fream_compose.docker.project import Project
from fream_compose.errors import EngineError
from fream_compose.operations.kinds import kind_of
from fream_compose.operations.service import Service
from fream_compose.project.health_settings import Health
from fream_compose.project.live_record import checks_as
from fream_compose.project.release_services import APP
from fream_compose.release import SetName, Version

_LEAST_SECONDS = 3.0


@dataclass(frozen=True)
class SetHealth:
    """What a set answers to its health checks. good: whether that is well."""

    good: bool
    summary: str


def health_of(
    project: Project, name: SetName, conditions: Sequence[Condition], version: Version | None
) -> SetHealth:
    """Ask a set's services where they really are, and as they were released."""
    settings = project.settings
    checks = checks_as(settings.state.notes.checked(name, str(version)), settings)
    found = [_ask(Service(project, name, APP), checks[APP])]
    found += [
        _ask(service, checks[service.name])
        for service in _beside(project, name, checks)
        if any(c.service == service.service for c in conditions)
    ]
    # The app's word comes first; of the others what is wrong is told.
    told = [seen.summary for seen in found[:1]] + [s.summary for s in found[1:] if not s.good]
    return SetHealth(all(seen.good for seen in found), "; ".join(told))


def _beside(project: Project, name: SetName, checks: dict[str, Health]) -> Iterator[Service]:
    members = project.settings.sets[name].members
    for each in checks:
        if each != APP and each in members:
            yield Service(project, name, each)


def _ask(service: Service, health: Health) -> SetHealth:
    seconds = max(_LEAST_SECONDS, health.request_timeout.total_seconds())
    try:
        seen = kind_of(service, health).look(seconds)
    except EngineError as error:
        return SetHealth(good=False, summary=f"{service.service}: {error}")
    took = f" in {seen.seconds * 1000:.0f} ms" if seen.seconds else ""
    said = f"{health} {seen.fault or f'{seen.said}{took}'}"
    return SetHealth(not seen.fault, service.told(said))
