"""What holds for every project, known without reading one."""

from collections.abc import Iterable
from typing import NamedTuple

_NO_RIGHTS = "no-new-privileges"
HTTPS, CONTROL = 443, 8090  # nginx's ports in its container: for users, and for fream


class Address(NamedTuple):
    """A port that a container publishes on this server.

    host: empty for all addresses. port: 0 where Docker picks a free one. inner: the port
    in the container.
    """

    host: str
    port: int
    inner: int


def address(host: str, port: str, inner: object, protocol: str = "tcp") -> str:
    """A published port, written in one way only: 0.0.0.0 is what no host means."""
    within = inner if protocol == "tcp" else f"{inner}/{protocol}"
    return f"{'' if host == '0.0.0.0' else host}:{port}:{within}"  # noqa: S104  # compared only


def url_of(host: str, port: int) -> str:
    """Where a published port is reached from this server, whatever address it listens on."""
    here = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def confinement(
    read_only: bool | None,
    security: Iterable[str] | None,
    dropped: Iterable[str] | None,
    added: Iterable[str] | None,
    processes: int | None,
) -> frozenset[str]:
    """What a container may not do, in the words of a Compose file. Pure.

    security: its options. dropped and added: capabilities. processes: at most so many; none
    or less than one is no limit.
    """
    return frozenset(
        [
            *(["read_only"] if read_only else []),
            *{option.partition(":")[0] for option in security or () if _NO_RIGHTS in option},
            *(f"cap_drop {_capability(name)}" for name in dropped or ()),
            *(f"cap_add {_capability(name)}" for name in added or ()),
            *([f"pids_limit {processes}"] if processes and processes > 0 else []),
        ]
    )


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")
