"""The services of a release: what each is in both sets, what is public, what starts when."""

import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from fream_compose.project.health_settings import Health, ServiceHealth
from fream_compose.project.values import Model, RoutePath, ServerName, whole
from fream_compose.release import SetName
from fream_compose.text import given

APP = "app"  # the service that has a set's own name
CUT_OVER = "cut_over"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Route(NamedTuple):
    """What leads to a public service: requests for a host, empty for any, below a path.

    port: in its container.
    """

    service: str
    host: str
    path: str
    port: int


def _name(value: object) -> str:
    if not _NAME.fullmatch(str(value)):
        raise ValueError(f"{given(value)} is not the name of a service, or {CUT_OVER}")
    return str(value)


class ReleaseService(Model):
    """A service that a release has in each set.

    path, host: which requests lead to it; without both nobody but the other services reaches
    it. port: in its container; 0 for the app, whose Compose service says it. with: release,
    as is usual, starts it before the checks and stops it with its set. after: cut_over, or
    another such service, starts it when its release is live, while its predecessor ends.
    alone: that one has ended before it starts.
    """

    path: RoutePath | None = None
    host: ServerName = ""
    port: Annotated[int, whole(1, 65_535)] = 0
    health: ServiceHealth | None = None
    start_with: Annotated[Literal["release"] | None, Field(alias="with")] = None
    after: Annotated[str, BeforeValidator(_name)] | None = None
    alone: bool = False

    @model_validator(mode="after")
    def _one_moment(self) -> "ReleaseService":
        if self.start_with and (self.after or self.alone):
            raise ValueError("it starts with the release, or after the cut-over, not both")
        return self

    @property
    def public(self) -> bool:
        """Whether requests of users lead to it."""
        return self.path is not None or bool(self.host)

    @property
    def late(self) -> bool:
        """Whether it runs only while its release is live."""
        return self.alone or self.after is not None


def members_of(name: SetName, services: Iterable[str]) -> dict[str, str]:
    """A set's Compose services, each by its name in a release: the same in both sets.

    set1 is the app; set1-ui, ui-set1 and ui1 are `ui`; what is called otherwise, or twice the
    same, keeps its name. Pure.
    """
    found: dict[str, str] = {APP: name}
    for service in services:
        if service == name:
            continue
        short = _short(name, service)
        found[service if short in found else short] = service
    return found


def _short(name: SetName, service: str) -> str:
    patterns = (f"{name}[-_.](.+)", f"(.+)[-_.]{name}", f"(.+?)[-_.]?{name[-1]}")
    matches = (re.fullmatch(pattern, service) for pattern in patterns)
    return next((found[1] for found in matches if found), service)


def reject_unknown(
    services: Mapping[str, ReleaseService], members: Mapping[SetName, Mapping[str, str]]
) -> None:
    """Raise ValueError for a service that a set lacks, or that serves users and comes late. Pure.

    members: each set's Compose services by their names in a release.
    """
    for name, service in services.items():
        if missing := sorted(place for place in SetName if name not in members[place]):
            known = sorted(set(members[SetName.SET1]) & set(members[SetName.SET2]))
            raise ValueError(
                f"{' and '.join(missing)} have no service {name}: write down set1-{name} and "
                f"set2-{name}, each in the profile of its set (both have {', '.join(known)})"
            )
        if service.late and (name == APP or service.public):
            raise ValueError(f"{name} serves users: it starts with its release")


def routes_of(services: Mapping[str, ReleaseService], app_port: int) -> tuple[Route, ...]:
    """What leads where; the app gets everything that no other claims. Pure.

    Raises ValueError for two services that claim the same, and for one without a port.
    """
    known = {APP: ReleaseService(), **services}
    claimed: dict[tuple[str, str], str] = {}
    routes = []
    for name, service in known.items():
        if name != APP and not service.public:
            continue
        port = service.port or (app_port if name == APP else 0)
        if not port:
            raise ValueError(f"{name} is public: say which port it listens on in its container")
        place = (service.host, service.path or "/")
        other = claimed.setdefault(place, name)
        if other != name:
            what = f"{place[0]}{place[1]}"
            raise ValueError(f"{other} and {name} both claim {what}: give one another path or host")
        routes.append(Route(name, *place, port))
    return tuple(routes)


def checks_of(services: Mapping[str, ReleaseService], app: Health) -> dict[str, Health]:
    """How each service is found good before its release serves, the app first. Pure.

    A public one that does not say it must accept connections. Raises ValueError for one that
    cannot be asked so.
    """
    found = {APP: app}
    for name, service in services.items():
        if name == APP and service.health:
            raise ValueError("the health of app is x-fream.health: say it there")
        health = service.health or (ServiceHealth(by="tcp") if service.public else None)
        if name == APP or health is None:
            continue
        if service.late:
            raise ValueError(
                f"{name} starts after the cut-over, so no release waits for its health: "
                "give its container a health check of its own"
            )
        found[name] = health.beside(app, service.port)
        if health.asks_a_port and not found[name].port:
            raise ValueError(f"{name} has a health check by {health.by}: say on which port")
    return found


def reject_without_check(
    checks: Mapping[str, Health], members: Mapping[str, str], services: Mapping[str, Any]
) -> None:
    """Raise ValueError where Docker is asked of a container whose health check is off. Pure.

    members: a set's. services: as Compose prints them.
    """
    for name in checks.keys() & members.keys():
        test = services[members[name]].get("healthcheck") or {}
        off = test.get("disable") or test.get("test") == ["NONE"]
        if off and checks[name].by == "docker":
            raise ValueError(
                f"the health of {name} is what Docker says, and {members[name]} has its "
                "healthcheck turned off"
            )


def late_order(services: Mapping[str, ReleaseService]) -> tuple[str, ...]:
    """The services that start after the cut-over, in their order. Pure.

    Raises ValueError for one that waits for what does not start then, or, in a circle, for
    itself.
    """
    waits: dict[str, list[str]] = {}
    for name, service in services.items():
        if not service.late:
            continue
        waits[name] = [first for first in (service.after,) if first and first != CUT_OVER]
        for first in waits[name]:
            if first not in services or not services[first].late:
                raise ValueError(
                    f"{name} starts after {first}, which does not start after the cut-over: "
                    "depends_on orders what starts with the release"
                )
    try:
        return tuple(TopologicalSorter(waits).static_order())
    except CycleError as error:
        raise ValueError(" waits for ".join(error.args[1])) from error
