"""Whether the registry of the project's image answers, and knows this user."""

import ipaddress
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fream_compose import foreign, http
from fream_compose.doctor.finding import Finding, fails, ok, warning
from fream_compose.image_reference import ImageReference

_ANSWER_SECONDS = 5.0
_HUB, _HUB_API = "docker.io", "registry-1.docker.io"
_HUB_LOGIN = "https://index.docker.io/v1/"


@dataclass(frozen=True)
class RegistryFacts:
    """A registry's answer. status: of GET /v2/; None when there was none, for the reason error.

    logged_in: Docker has credentials for it. proxied: the engine reaches it by a proxy,
    which this check does not use. needed: every release asks it.
    """

    host: str
    status: int | None
    error: str
    logged_in: bool
    proxied: bool
    needed: bool


def registry_facts(
    image: str, insecure: tuple[str, ...], proxy: str, needed: bool
) -> RegistryFacts:
    """Ask the registry of an image. insecure, proxy: what the engine says of itself."""
    host = host_of(image)
    status, error = None, ""
    try:
        status = http.get(url_of(host, insecure), _ANSWER_SECONDS).status
    except http.Unreachable as caught:
        error = str(caught)
    proxied = bool(proxy) and not _within(host, ("127.0.0.0/8",))
    return RegistryFacts(host, status, error, logged_in(host, _docker_config()), proxied, needed)


def registry_finding(facts: RegistryFacts) -> Finding:
    """The registry answers, and lets this user in."""
    login = f"docker login {facts.host}"
    if facts.status == 200 or (facts.status == 401 and facts.logged_in):
        return ok("registry", f"{facts.host} answers" + (", logged in" * facts.logged_in))
    if facts.status == 401:
        text = f"{facts.host} asks who you are, and Docker has no login for it"
        return warning("registry", text, f"{login}, unless the image is public")
    if facts.status is not None:
        answer = f"{facts.host} answers HTTP {facts.status} at /v2/"
        text = f"{answer}, so it is not a registry, or an unhealthy one"
        return fails("registry", text, "Check IMAGE_REGISTRY in .env, and the registry's log")
    text = f"{facts.host} does not answer: {facts.error}"
    if facts.proxied or not facts.needed:
        return warning("registry", text, "docker pull; the engine may reach it by another way")
    return fails("registry", text, "Start the registry, or correct IMAGE_REGISTRY in .env")


def host_of(image: str) -> str:
    """The registry of an image reference, by the rule that Docker has for it."""
    return ImageReference.parse(image).registry or _HUB


def url_of(host: str, insecure: tuple[str, ...]) -> str:
    """Where a registry answers. insecure: address ranges and registries with plain HTTP."""
    plain = host in insecure or host.partition(":")[0] == "localhost" or _within(host, insecure)
    return f"{'http' if plain else 'https'}://{_HUB_API if host == _HUB else host}/v2/"


def _within(host: str, ranges: tuple[str, ...]) -> bool:
    with suppress(ValueError):  # a name, or a range that is none
        address = ipaddress.ip_address((host.rpartition(":")[0] or host).strip("[]"))
        networks = (ipaddress.ip_network(given, strict=False) for given in ranges if "/" in given)
        return any(address in network for network in networks)
    return False


def logged_in(host: str, config: dict[str, Any]) -> bool:
    """Whether Docker's config.json has credentials, or a helper that has, for a registry."""
    known = (config.get(key) for key in ("auths", "credHelpers"))
    names = {name for logins in known if isinstance(logins, dict) for name in logins}
    return (_HUB_LOGIN if host == _HUB else host) in names


def _docker_config() -> dict[str, Any]:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        return foreign.of_json((folder / "config.json").read_bytes(), dict[str, Any])
    except (OSError, ValueError):
        return {}
