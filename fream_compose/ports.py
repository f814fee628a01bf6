"""Whether the ports that a service publishes are free, before Docker is asked to take them."""

import errno
import socket
from collections.abc import Mapping

from fream_compose.errors import ConfigurationError
from fream_compose.release import SetName
from fream_compose.settings import CONTROL, Address

_VARIABLES = {
    ("mysql", 3306): "MYSQL_PORT",
    ("nginx", 80): "HTTP_PORT or HTTP_ALT_PORT",
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
