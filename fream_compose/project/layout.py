"""What holds for every project, known without reading one."""

from typing import NamedTuple

CONTROL = 8090  # nginx's control port in its container


class Address(NamedTuple):
    """A port that a container publishes on this server.

    host: empty for all addresses. port: 0 where Docker picks a free one. inner: the port
    in the container.
    """

    host: str
    port: int
    inner: int


def address(host: str, port: str, inner: object) -> str:
    """A published port, written in one way only: 0.0.0.0 is what no host means."""
    return f"{'' if host == '0.0.0.0' else host}:{port}:{inner}"  # noqa: S104  # compared only


def url_of(host: str, port: int) -> str:
    """Where a published port is reached from this server, whatever address it listens on."""
    here = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"
