"""Whether the ports that a service publishes are free, before Docker is asked to take them."""

import errno
import socket
from collections.abc import Mapping

from fream_compose.errors import ConfigurationError

_VARIABLES = {
    "mysql": ("MYSQL_PORT",),
    "nginx": ("HTTP_PORT", "HTTP_ALT_PORT", "CONTROL_PORT"),
    "set1": ("SET1_PORT",),
    "set2": ("SET2_PORT",),
}


def reject_taken(wanted: Mapping[str, tuple[tuple[str, int], ...]]) -> None:
    """Raise ConfigurationError when another process listens on a port that is wanted.

    wanted: for each service its addresses in the order of its `ports`: host (empty for
    all of the server), port.
    """
    for service, addresses in wanted.items():
        variables = _VARIABLES.get(service, ())
        for index, (host, port) in enumerate(addresses):
            if _taken(host, port):
                variable = variables[index] if index < len(variables) else "its port"
                raise ConfigurationError(
                    f"Port {port}, which {service} needs, is in use",
                    f"Another process on this server listens on {host or '*'}:{port}",
                    next_step=f"Find it with `ss -ltnp 'sport = :{port}'`, "
                    f"or set {variable} in .env to a free port",
                )


def address(host: str, port: str, inner: object) -> str:
    """A published port, written in one way only: 0.0.0.0 is what no host means."""
    return f"{'' if host == '0.0.0.0' else host}:{port}:{inner}"  # noqa: S104  # compared only


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this server, whatever the address."""
    return not (_taken("", port) or _taken("127.0.0.1", port))


def _taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            # A port below 1024 may be refused to us and still be Docker's to take.
            return error.errno == errno.EADDRINUSE
    return False
