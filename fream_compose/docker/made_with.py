"""What containers were made with, as far as a line of `.env` may have said it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fream_compose import foreign
from fream_compose.docker.reads import read_json


@dataclass(frozen=True)
class MadeWith:
    """A container's service, its name, its image as asked for, its variables and its ports.

    ports: by the port inside, with its protocol, `address:port` of this server or `port`.
    """

    service: str
    name: str
    image: str
    environment: dict[str, str]
    ports: dict[str, list[str]]


def made_with(containers: Sequence[str]) -> tuple[MadeWith, ...]:
    """How containers were made, by their ids. Raises EngineError."""
    if not containers:
        return ()
    what = "The containers could not be inspected"
    command = ["container", "inspect", *containers]
    return read_json(command, what, lambda found: tuple(map(_made, found)))


def _made(facts: dict[str, Any]) -> MadeWith:
    config, bindings = facts["Config"], facts["HostConfig"].get("PortBindings") or {}
    pairs = (entry.partition("=") for entry in config.get("Env") or ())
    return foreign.made(
        MadeWith,
        service=(config.get("Labels") or {}).get("com.docker.compose.service", ""),
        name=facts["Name"].removeprefix("/"),
        image=config["Image"],
        environment={name: value for name, _, value in pairs},
        ports={
            inner.removesuffix("/tcp"): [
                f"{place['HostIp']}:{place['HostPort']}".removeprefix(":") for place in places or ()
            ]
            for inner, places in bindings.items()
        },
    )
