"""The ports of a project on this server: where they are, and whether others hold them."""

import errno
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fream_compose.errors import ConfigurationError
from fream_compose.project.layout import CONTROL, HTTPS, Address
from fream_compose.release import SetName

if TYPE_CHECKING:
    from fream_compose.project.settings import Settings

_VARIABLES = {
    ("mysql", 3306): "MYSQL_PORT",
    ("nginx", 80): "HTTP_PORT or HTTP_ALT_PORT",
    ("nginx", HTTPS): "HTTPS_PORT",
    ("nginx", CONTROL): "CONTROL_PORT",
}


def reject_taken(wanted: Mapping[str, tuple[Address, ...]]) -> None:
    """Raise ConfigurationError when another process listens on a port that is wanted.

    wanted: the addresses of each service. Those whose port Docker picks are never taken.
    """
    for service, addresses in wanted.items():
        for host, port, inner in addresses:
            if listens(port, host):
                raise ConfigurationError(
                    f"Port {port}, which {service} needs, is in use",
                    f"Another process on this server listens on {host or '*'}:{port}",
                    next_step=f"Find it with `ss -ltnp 'sport = :{port}'`, "
                    f"or set {_variable(service, inner)} in .env to a free port",
                )


def _variable(service: str, inner: int) -> str:
    if service in set(SetName):
        return f"{service.upper()}_PORT"
    return _VARIABLES.get((service, inner), "its port")


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on a port of this server; nobody does on 0.

    It costs next to nothing to ask.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            # A port below 1024 may be refused to us and still be Docker's to take.
            return error.errno == errno.EADDRINUSE
    return False


class PublishedPorts(ABC):
    """Where a project's containers are reached, asked again only when nobody listens there."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self._ports: dict[str, int] = {}

    @abstractmethod
    def published(self, container: str, inner: int) -> int:
        """On which port of this server a container's port is; 0 while it does not run."""

    def port(self, name: SetName) -> int:
        """Where a set's app listens on 127.0.0.1; else where it would, 0 where others do."""
        spec = self.settings.sets[name]
        return self._port(spec.container, spec.inner_port, spec.port)

    def control_port(self) -> int:
        """Where nginx's control port is on 127.0.0.1; else where it would be, 0 if others are."""
        return self._port(self.settings.nginx_container, CONTROL, self.settings.control_port)

    def found_at(self, container: str, port: int) -> None:
        """Note where a container's port really is, whatever is set by now."""
        self._ports[container] = port

    def _port(self, container: str, inner: int, fixed: int) -> int:
        """A port that was read before, as long as somebody listens there.

        Docker picks another one at each start of a container; and who listens on the one that
        is set may be another project's.
        """
        known = self._ports.get(container, 0)
        if not listens(known):
            known = self._ports[container] = self.published(container, inner)
        return known or (0 if listens(fixed) else fixed)
