"""All that fream knows of a project before it looks at what runs."""

from pathlib import Path

from fream_compose.image_reference import ImageReference
from fream_compose.project.health_settings import Health
from fream_compose.project.layout import CONTROL, HTTPS, Address, url_of
from fream_compose.project.release_services import Route, checks_of
from fream_compose.project.state import StateFolder, state_of
from fream_compose.project.values import Model
from fream_compose.project.x_fream import SwitchSettings
from fream_compose.release import SetName, Version
from fream_compose.release_image import ReleaseImage


class SetSettings(Model):
    """One set: its services, the app's container, its ports, and the seconds it may take to stop.

    port: on 127.0.0.1 of this server; 0 where Docker picks one, which `Project.port` knows.
    inner_port: in the container. grace: the app's. stop_seconds: of all services, which
    may stop one after the other. members: its services by their names in a release, which
    are the same in both sets. images: of the services that follow the release's version, the
    app's first.
    """

    name: SetName
    services: tuple[str, ...]
    members: dict[str, str]
    container: str
    port: int
    inner_port: int
    grace: float
    stop_seconds: float
    images: dict[str, ReleaseImage]

    @property
    def app_image(self) -> ReleaseImage:
        """The image whose digest tells a release from another of its tag."""
        return self.images[self.name]

    @property
    def repositories(self) -> frozenset[str]:
        """Where the images are that follow the version."""
        references = self.references("tag").values()
        return frozenset(ImageReference.parse(reference).name for reference in references)

    def references(self, tag: str) -> dict[str, str]:
        """What each service that follows the version runs in a release."""
        return {service: image.reference(tag) for service, image in self.images.items()}

    def pinned(self, version: Version) -> str:
        """The only image's name by its content; empty where a digest would name one of several."""
        return self.app_image.pinned(version) if len(set(self.images.values())) == 1 else ""

    @property
    def address(self) -> Address:
        """Where the app is reached without nginx."""
        return Address("127.0.0.1", self.port, self.inner_port)


class ServiceSettings(Model):
    """How a service's container should be.

    none: it is to have no container, as `scale: 0` says. published: as `host:port:inner`.
    confined: what it may not do, as confinement() says it.
    secret_variables: those of its environment that hold a secret.
    """

    image: str
    published: frozenset[str]
    networks: frozenset[str]
    none: bool = False
    confined: frozenset[str] = frozenset()
    secret_variables: frozenset[str] = frozenset()


class Settings(Model):
    """All that fream knows of a project before it looks at what runs.

    control_port: 0 where Docker picks one. networks: their names on this server. aliases:
    the names in them by which the services find each other. data: the folder or the volume
    of MySQL's data; empty without it. addresses: of infra. infra_stop_seconds: what its
    services may take to stop. routes: what of users' requests leads to which public service.
    late: services of a release that start after its cut-over, in this order.
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
    routes: tuple[Route, ...]
    late: tuple[str, ...]
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
        """Where the app is served without TLS, as seen from this server."""
        public = [a for a in self.addresses["nginx"] if a.port and a.inner not in (HTTPS, CONTROL)]
        return tuple(url_of(a.host, a.port) for a in public)

    @property
    def https_port(self) -> int:
        """Where users reach nginx by HTTPS."""
        published = (a.port for a in self.addresses["nginx"] if a.inner == HTTPS and a.port)
        return next(published, HTTPS)

    @property
    def https_urls(self) -> tuple[str, ...]:
        """Where users find the app by HTTPS."""
        port = "" if self.https_port == HTTPS else f":{self.https_port}"
        return tuple(f"https://{host}{port}" for host in self.switch.tls.hosts)

    @property
    def checks(self) -> dict[str, Health]:
        """How each service of a release is found good, the app first; others with their port."""
        return checks_of(self.switch.services, self.switch.health)

    @property
    def health_seconds(self) -> float:
        """In how many seconds all of a release must be healthy."""
        return max(health.timeout.total_seconds() for health in self.checks.values())

    @property
    def state_directory(self) -> Path:
        """Where the lock and the history are."""
        return self.state.path

    @property
    def state(self) -> StateFolder:
        """The lock, the notes and the history."""
        return state_of(self.compose_directory)

    def late_services(self, name: SetName) -> dict[str, str]:
        """What starts after a set's cut-over: Compose services by their names, in order."""
        return {short: self.sets[name].members[short] for short in self.late}

    def early_services(self, name: SetName) -> tuple[str, ...]:
        """The Compose services of a set that start and stop with it."""
        late = set(self.late_services(name).values())
        return tuple(service for service in self.sets[name].services if service not in late)

    def set_of(self, service: str) -> SetName | None:
        """The set that a service belongs to; None for infra and the user's own services."""
        return next((s.name for s in self.sets.values() if service in s.services), None)
