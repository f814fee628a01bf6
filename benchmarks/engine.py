"""The Docker Engine's own API, without a command line between: the least that Docker takes."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlencode

SOCKET = "/var/run/docker.sock"


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def _call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    connection = _Connection("localhost", timeout=60)
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
    return json.loads(text) if text else None


def inspect(container: str) -> dict[str, Any]:
    """All that the engine knows of a container."""
    found: dict[str, Any] = _call("GET", f"/containers/{container}/json")
    return found


def statistics(container: str) -> dict[str, Any]:
    """What a container has used by now."""
    found: dict[str, Any] = _call(
        "GET", f"/containers/{container}/stats?stream=false&one-shot=true"
    )
    return found


def create(name: str, specification: dict[str, Any]) -> None:
    """Create a container."""
    _call("POST", f"/containers/create?{urlencode({'name': name})}", specification)


def start(container: str) -> None:
    """Start a container."""
    _call("POST", f"/containers/{container}/start")


def kill(container: str) -> None:
    """End a container's processes at once."""
    _call("POST", f"/containers/{container}/kill")


def remove(container: str, grace: int = 10) -> None:
    """Stop and remove a container."""
    _call("POST", f"/containers/{container}/stop?t={grace}")
    _call("DELETE", f"/containers/{container}?v=true")


def specification(container: str) -> dict[str, Any]:
    """What to create to get the same container once more, as Compose made it."""
    found = inspect(container)
    config = {key: value for key, value in found["Config"].items() if key != "Hostname"}
    networks = {
        name: {"Aliases": [a for a in end["Aliases"] if a not in found["Id"]]}
        for name, end in found["NetworkSettings"]["Networks"].items()
    }
    return {
        **config,
        "HostConfig": found["HostConfig"],
        "NetworkingConfig": {"EndpointsConfig": networks},
    }
