"""A service of a set: its container, and where that is reached from this server."""

from contextlib import suppress

from fream_compose import tcp
from fream_compose.docker.facts import Condition
from fream_compose.docker.project import Project
from fream_compose.errors import EngineError
from fream_compose.http import Unreachable
from fream_compose.project.release_services import APP
from fream_compose.release import SetName

_LISTENS_SECONDS = 0.5
_OF_ENV = {"path": "HEALTH_CHECK_POINT", "timeout": "HEALTH_CHECK_TIMEOUT"}


def setting_of(name: str, key: str) -> str:
    """What a key of a service's health check is called where it is set."""
    if name == APP:
        return _OF_ENV.get(key, f"x-fream.health.{key}")
    return f"x-fream.services.{name}.health.{key}"


class Service:
    """A service of a set. name: in a release. service: Compose's."""

    def __init__(self, project: Project, set_name: SetName, name: str = APP) -> None:
        self.project = project
        self.set = set_name
        self.name = name
        self._spec = project.settings.sets[set_name]
        self.service = self._spec.members[name]
        self._container = self._spec.container if self.is_app else ""
        self._places: dict[int, tuple[str, int]] = {}

    @property
    def is_app(self) -> bool:
        """Whether it is the one that has the set's own name."""
        return self.name == APP

    def told(self, text: str) -> str:
        """What is said of it; of the app without its name."""
        return text if self.is_app else f"{self.name}: {text}"

    @property
    def container(self) -> str:
        """The name of its container. Raises EngineError when there is none."""
        self._container = self._container or self._found().name
        return self._container

    @property
    def own_port(self) -> int:
        """The app's port, in its container."""
        return self._spec.inner_port

    def condition(self) -> Condition:
        """How its container fares. Raises EngineError when there is none."""
        return self.project.containers.condition(self.container)

    def is_own(self, port: int) -> bool:
        """Whether it is the app's port, which users reach and which is published."""
        return self.is_app and port in (0, self._spec.inner_port)

    def serves_at(self, port: int) -> bool:
        """Whether users reach it at this port of its container."""
        said = self.project.settings.switch.services.get(self.name)
        return self.is_own(port) or (said is not None and port == said.port)

    def place(self, port: int) -> tuple[str, int]:
        """Where a port in its container is reached; asked again once it was forgotten.

        Raises EngineError when there is no container.
        """
        if self.is_own(port):
            return "127.0.0.1", self.project.containers.port(self.set)
        if port not in self._places:
            self._places[port] = self.condition().place(port)
        return self._places[port]

    def forget(self) -> None:
        """Look its places up again: nothing answered there."""
        self._places.clear()

    def listens(self, port: int) -> bool:
        """Whether it accepts connections at its own address, where Docker accepts none for it."""
        with suppress(EngineError, Unreachable):
            place = self.condition().address, port or self._spec.inner_port
            tcp.connect(*place, _LISTENS_SECONDS, lingers=False)
            return True
        return False

    def _found(self) -> Condition:
        for member in self.project.containers.members(self.set):
            if member.service == self.service:
                return member
        raise EngineError(
            f"{self.service} has no container",
            "It was not started with its set",
            next_step="Is it scaled to none? docker compose config; fream recover",
        )
