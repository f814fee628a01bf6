"""The engine itself: what it says of itself, and where it is."""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fream_compose import foreign
from fream_compose.docker.reads import read, read_json
from fream_compose.errors import EngineError
from fream_compose.release import read_moment


@dataclass(frozen=True)
class Engine:
    """What `docker info` says. root: where it stores its files. time: of its clock.

    insecure: address ranges and registries that it speaks plain HTTP to. proxy: the one
    that it asks registries through; empty for none.
    """

    version: str
    root: Path
    time: datetime
    insecure: tuple[str, ...]
    proxy: str


def engine() -> Engine:
    """Ask the engine about itself. Raises EngineError, ConfigurationError without Docker."""
    what = "Docker does not answer"
    return read_json(["info", "--format", "{{json .}}"], what, lambda facts: _engine(facts, what))


def _engine(facts: dict[str, Any], what: str) -> Engine:
    if not facts.get("ServerVersion"):
        raise EngineError(what, "\n".join(map(str, facts.get("ServerErrors") or ())))
    registries = facts.get("RegistryConfig") or {}
    named = (registries.get("IndexConfigs") or {}).items()
    ranges = registries.get("InsecureRegistryCIDRs") or ()
    return foreign.made(
        Engine,
        version=facts["ServerVersion"],
        root=Path(facts["DockerRootDir"]),
        # Nine digits of a second are more than Python 3.11 reads.
        time=read_moment(re.sub(r"\.\d+", "", facts["SystemTime"])),
        insecure=(*ranges, *(host for host, index in named if not index["Secure"])),
        proxy=facts.get("HttpsProxy") or facts.get("HttpProxy") or "",
    )


def endpoint() -> str:
    """Where the `docker` command looks for the engine. Raises EngineError."""
    command = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    return read(command, "Docker's context could not be read").strip()


@dataclass(frozen=True)
class Elsewhere:
    """An engine that is not reached by a socket of this server. remedy: what to type."""

    address: str
    remedy: str


def elsewhere() -> Elsewhere | None:
    """The engine that `docker` would use, when it is not on this server. Raises EngineError.

    Docker is asked only when a context other than the default one is chosen.
    """
    if host := os.environ.get("DOCKER_HOST"):
        return _unless_socket(host, "unset DOCKER_HOST")
    if context := os.environ.get("DOCKER_CONTEXT"):
        return None if context == "default" else _unless_socket(endpoint(), "unset DOCKER_CONTEXT")
    if _chosen_context() == "default":
        return None
    return _unless_socket(endpoint(), "docker context use default")


def _unless_socket(address: str, remedy: str) -> Elsewhere | None:
    return None if address.startswith("unix://") else Elsewhere(address, remedy)


def _chosen_context() -> str:
    """The context that `docker context use` chose; empty when that cannot be read."""
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    try:
        text = (Path(folder) / "config.json").read_text(encoding="utf-8")
        return foreign.of_json(text, lambda facts: str(facts.get("currentContext") or "default"))
    except FileNotFoundError:
        return "default"
    except (OSError, ValueError):
        return ""


def compose_version() -> str:
    """The version of the Compose plugin. Raises EngineError, ConfigurationError without Docker."""
    return read(["compose", "version", "--short"], "Docker Compose v2 does not answer").strip()
