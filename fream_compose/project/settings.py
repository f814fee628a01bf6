"""All that fream knows of a project before it looks at what runs."""

from pathlib import Path

from fream_compose.project.layout import CONTROL, Address, url_of
from fream_compose.project.state import StateFolder, state_of
from fream_compose.project.x_fream import Model, SwitchSettings
from fream_compose.release import SetName


class SetSettings(Model):
    """One set: its services, the app's container, its ports, and the seconds it may take to stop.

    port: on 127.0.0.1 of this server; 0 where Docker picks one, which `Project.port` knows.
    inner_port: in the container. grace: the app's. stop_seconds: of all services, which
    may stop one after the other.
    """

    name: SetName
    services: tuple[str, ...]
    container: str
    port: int
    inner_port: int
    grace: float
    stop_seconds: float

    @property
    def address(self) -> Address:
        """Where the app is reached without nginx."""
        return Address("127.0.0.1", self.port, self.inner_port)


class ServiceSettings(Model):
    """How a service's container should be.

    published: as `host:port:inner`. confined: what it may not do, as confinement() says it.
    secret_variables: those of its environment that hold a secret.
    """

    image: str
    published: frozenset[str]
    networks: frozenset[str]
    confined: frozenset[str] = frozenset()
    secret_variables: frozenset[str] = frozenset()


class Settings(Model):
    """All that fream knows of a project before it looks at what runs.

    control_port: 0 where Docker picks one. networks: their names on this server. aliases:
    the names in them by which the services find each other. data: the folder or the volume
    of MySQL's data; empty without it. addresses: of infra. infra_stop_seconds: what its
    services may take to stop.
    """

    compose_directory: Path
    nginx_directory: Path
    project: str
    image: str
    profiles: tuple[str, ...]
    infra: tuple[str, ...]
    nginx_container: str
    nginx_image: str
    control_port: int
    networks: tuple[str, ...]
    aliases: frozenset[str]
    data: str
    addresses: dict[str, tuple[Address, ...]]
    infra_stop_seconds: float
    sets: dict[SetName, SetSettings]
    services: dict[str, ServiceSettings]
    switch: SwitchSettings

    @property
    def env_path(self) -> Path:
        """The `.env` that Compose reads."""
        return self.compose_directory / ".env"

    @property
    def data_directory(self) -> Path | None:
        """Where MySQL's data is, if it is in a folder and not in a volume."""
        return Path(self.data) if self.data.startswith("/") else None

    @property
    def http_urls(self) -> tuple[str, ...]:
        """Where the app is served, as seen from this server."""
        public = [a for a in self.addresses["nginx"] if a.port and a.inner != CONTROL]
        return tuple(url_of(a.host, a.port) for a in public)

    @property
    def state_directory(self) -> Path:
        """Where the lock and the history are."""
        return self.state.path

    @property
    def state(self) -> StateFolder:
        """The lock, the notes and the history."""
        return state_of(self.compose_directory)

    def set_of(self, service: str) -> SetName | None:
        """The set that a service belongs to; None for infra and the user's own services."""
        return next((s.name for s in self.sets.values() if service in s.services), None)
