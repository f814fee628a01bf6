"""What Docker says of containers, as values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fream_compose import foreign
from fream_compose.docker.ends import ending, exit_code
from fream_compose.project.layout import address, confinement

_ANY = ("", "0.0.0.0", "::")  # noqa: S104  # what Docker prints for every address
_ENDED = ("exited", "dead", "restarting")
_GRACE = 10.0  # seconds that Docker gives a container which asks for no other time


@dataclass(frozen=True)
class Container:
    """What `docker ps` says. state: running, restarting, exited, created, paused or dead."""

    id: str
    name: str
    service: str
    state: str
    status: str
    image: str

    @property
    def holds_ports(self) -> bool:
        """Whether what it publishes is its own, also while Docker is restarting it."""
        return self.state in ("running", "restarting", "paused")


@dataclass(frozen=True)
class Mount:
    """A folder or file of this server inside a container."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Origin:
    """What Compose wrote on a container of where it was made; empty where it did not say.

    folder: the project's. files: the Compose files. mounts: folders, files and volumes.
    """

    id: str
    container: str
    service: str
    folder: str
    files: tuple[str, ...]
    mounts: tuple[str, ...]

    @property
    def place(self) -> str:
        """The folder to name to people."""
        return str(self.written[0].parent) if self.written else self.folder

    @property
    def written(self) -> tuple[Path, ...]:
        """The Compose files whose place is known; one that came through a pipe has none."""
        return tuple(Path(name) for name in self.files if Path(name).is_absolute())


@dataclass(frozen=True)
class Placed:
    """A container as its labels tell of it: its state, its project and the Compose files."""

    name: str
    state: str
    service: str
    project: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    """How a container fares.

    exit_code: of its last end; UNKNOWN where Docker has forgotten it. restarts: how often Docker
    restarted it. started: when, as Docker prints it. health: starting, healthy or unhealthy;
    empty without a health check. image: the id of its image, and reference: the name that it
    was asked for by. lasting: whether Docker starts it again when it ends well. grace: the
    seconds that it was made to get when it is told to stop. reached: each port inside, with the
    address and the port of this server. address: its own in a network. confined: as
    confinement() says it. fingerprint: of the settings that it was made with, as Compose counts
    them. starved: whether it ended for want of memory.
    """

    state: str
    exit_code: int = 0
    restarts: int = 0
    id: str = ""
    name: str = ""
    service: str = ""
    started: str = ""
    health: str = ""
    image: str = ""
    reference: str = ""
    lasting: bool = True
    grace: float = _GRACE
    published: frozenset[str] = frozenset()
    reached: tuple[tuple[int, str, int], ...] = ()
    networks: frozenset[str] = frozenset()
    address: str = ""
    confined: frozenset[str] = frozenset()
    fingerprint: str = ""
    starved: bool = False

    def place(self, inner: int) -> tuple[str, int]:
        """Where a port in it is reached from this server: published, or at its own address.

        Without either it is port 0 of nowhere.
        """
        for within, host, port in self.reached:
            if within == inner:
                return ("127.0.0.1" if host in _ANY else host), port
        return (self.address, inner) if self.address else ("127.0.0.1", 0)

    @property
    def crashed(self) -> bool:
        """Whether it ended by itself since it was started."""
        return self.restarts > 0 or self.state in _ENDED

    @property
    def ending(self) -> str:
        """How it last ended and how often it did, such as `ended with exit code 1, 3 times`."""
        times = self.restarts + (self.state in ("exited", "dead"))
        return ending(self.exit_code, self.starved) + (f", {times} times" if times > 1 else "")

    @property
    def alive(self) -> bool:
        """Whether it runs, or Docker is about to start it again."""
        return self.state in ("running", "restarting", "paused")

    @property
    def working(self) -> bool:
        """Whether it runs, or is a job that is done."""
        return self.state == "running" or self.finished

    @property
    def finished(self) -> bool:
        """Whether it ended well and for good, as a job does when it is done."""
        return self.state == "exited" and self.exit_code == 0 and not self.lasting


def condition_of(facts: dict[str, Any]) -> Condition:
    """What `docker container inspect` says of a container. Raises whatever it stumbles over."""
    state, labels = facts["State"], facts["Config"].get("Labels") or {}
    network = facts.get("NetworkSettings") or {}
    seconds(state["StartedAt"])  # what is no moment would stop whoever compares it later
    return foreign.made(
        Condition,
        state=state["Status"],
        exit_code=exit_code(state["Status"], state["ExitCode"], facts["RestartCount"]),
        starved=state.get("OOMKilled", False),
        restarts=facts["RestartCount"],
        id=facts["Id"],
        name=facts["Name"].removeprefix("/"),
        service=labels.get("com.docker.compose.service", ""),
        started=state["StartedAt"],
        health=(state.get("Health") or {}).get("Status", "").replace("none", ""),
        image=facts["Image"],
        reference=facts["Config"]["Image"],
        lasting=facts["HostConfig"]["RestartPolicy"]["Name"] in ("always", "unless-stopped"),
        grace=float(_GRACE if (asked := facts["Config"].get("StopTimeout")) is None else asked),
        published=frozenset(_published(facts["HostConfig"].get("PortBindings") or {})),
        reached=tuple(
            (int(inner.partition("/")[0]), place["HostIp"], int(place["HostPort"]))
            for inner, places in (network.get("Ports") or {}).items()
            for place in places or ()
        ),
        networks=frozenset(network.get("Networks") or {}),
        address=next(_own_addresses(network), ""),
        confined=_confined(facts["HostConfig"]),
        fingerprint=labels.get("com.docker.compose.config-hash", ""),
    )


def _own_addresses(network: dict[str, Any]) -> Iterator[str]:
    for joined in (network.get("Networks") or {}).values():
        if address := (joined or {}).get("IPAddress"):
            yield address


def _confined(host: dict[str, Any]) -> frozenset[str]:
    return confinement(
        host.get("ReadonlyRootfs"),
        host.get("SecurityOpt"),
        host.get("CapDrop"),
        host.get("CapAdd"),
        host.get("PidsLimit"),
    )


def failed_check(state: dict[str, Any]) -> str:
    """What the last health check since a container's start printed as it failed."""
    log = (state.get("Health") or {}).get("Log") or []
    began = seconds(state["StartedAt"])
    failed = [o for o in log if o["ExitCode"] and seconds(o["Start"]) >= began]
    return str(failed[-1]["Output"]) if failed else ""


def mounts_of(mounts: list[dict[str, Any]]) -> tuple[Mount, ...]:
    """The folders and files of this server among a container's mounts."""
    found = [mount for mount in mounts if mount["Type"] == "bind"]
    return tuple(Mount(Path(m["Source"]), Path(m["Destination"])) for m in found)


def _published(bindings: dict[str, Any]) -> Iterator[str]:
    for inner, places in bindings.items():
        for place in places or ():
            yield address(place["HostIp"], place["HostPort"], inner.removesuffix("/tcp"))


def seconds(moment: str) -> float:
    """Docker's time as seconds; its nine digits of a second are more than Python 3.11 reads."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", moment)).timestamp()
