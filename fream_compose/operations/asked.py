"""What of a release is asked for its health, and how."""

from typing import NamedTuple

from fream_compose.operations.context import Context
from fream_compose.operations.kinds import Kind, kind_of
from fream_compose.operations.service import Service
from fream_compose.operations.through_nginx import ThroughNginx
from fream_compose.project.health_settings import Health
from fream_compose.release import SetName


class Asked(NamedTuple):
    """A service that is checked: which, what counts as good, and how it is looked at.

    nginx: the same through nginx; None for one that no user reaches.
    """

    service: Service
    health: Health
    kind: Kind
    nginx: ThroughNginx | None

    @property
    def seconds(self) -> float:
        """How long one look may take."""
        return self.health.request_timeout.total_seconds()

    @property
    def limit(self) -> float:
        """The seconds until it must be healthy."""
        return self.health.timeout.total_seconds()


def asked_of(context: Context, name: SetName) -> tuple[Asked, ...]:
    """What is asked of a set, the app first."""
    settings, found = context.settings, []
    public = {route.service for route in settings.routes}
    for each, health in settings.checks.items():
        service = Service(context.project, name, each)
        nginx = ThroughNginx(context.proxy, service, health) if each in public else None
        found.append(Asked(service, health, kind_of(service, health), nginx))
    return tuple(found)
