"""What fream and this container's environment ask for."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HTTP = "http"
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"  # certbot's own default
_HOST = re.compile(r"(\*\.)?[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_HALF_A_DAY = 43_200.0


@dataclass(frozen=True)
class Wanted:
    """certificates.json: names, each with a certificate of its own, and how to get them."""

    hosts: tuple[str, ...] = ()
    email: str = ""
    server: str = LETS_ENCRYPT
    challenge: str = HTTP
    source: str = "acme"


@dataclass(frozen=True)
class Place:
    """Where everything is, and what else this container was told.

    tls: the folder that nginx reads, too. nginx_uid: of its workers. nginx: its name in the
    network. dns_seconds: until a changed record is seen everywhere; empty for the plugin's
    default. period: seconds between two looks at a certificate that is well; what failed is
    tried again after a 144th of it at first.
    """

    tls: Path = Path("/tls")
    routes: Path = Path("/routes")
    secrets: Path = Path("/run/secrets")
    nginx_uid: int = 101
    nginx: str = "nginx"
    eab_kid: str = ""
    dns_seconds: str = ""
    period: float = _HALF_A_DAY


def place_of(environment: Mapping[str, str] = os.environ) -> Place:
    """What the environment says."""
    return Place(
        nginx_uid=int(environment.get("NGINX_UID") or 101),
        nginx=environment.get("NGINX_HOST") or "nginx",
        eab_kid=environment.get("ACME_EAB_KID", ""),
        dns_seconds=environment.get("ACME_DNS_SECONDS", ""),
        period=float(environment.get("KEEPER_SECONDS") or _HALF_A_DAY),
    )


def read(routes: Path) -> Wanted:
    """What is wanted now; nothing when fream has not said. Raises ValueError for nonsense."""
    try:
        text = (routes / "certificates.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return Wanted()
    found = json.loads(text)
    if not isinstance(found, dict) or not all(map(_is_host, found.get("hosts", [None]))):
        raise ValueError(f"{routes / 'certificates.json'} is not as fream writes it")
    return Wanted(
        hosts=tuple(found["hosts"]),
        email=str(found.get("email", "")),
        server=str(found.get("server") or LETS_ENCRYPT),
        challenge=str(found.get("challenge") or HTTP),
        source=str(found.get("source") or "acme"),
    )


def _is_host(host: object) -> bool:
    return isinstance(host, str) and bool(_HOST.fullmatch(host))


def name_of(host: str) -> str:
    """A host as the name of a file: `_.example.com` for a wildcard."""
    return host.replace("*", "_", 1)
