"""Pebble, a real ACME server for tests, with a DNS server that says where every name is.

    with Pebble("mine-pebble", network=project.name) as pebble:
        pebble.every_name_is_at(project.container("nginx"))
        project.set_env(ACME_SERVER=pebble.directory, ACME_CA_FILE=pebble.ca_file(tmp_path))
        ...
        session.verify = str(pebble.root_file(tmp_path))    # for clients of the certificates

It validates on port 80 of the address that its DNS gives; nothing of it leaves the network.
Its answers may be changed while it runs: `name_is_at`, `renewal_is_due`, `pause`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import requests

from tests.stories import web
from tests.stories.docker import CommandFailed, docker, inspect
from tests.stories.releases import machine_images
from tests.stories.waiting import eventually

ALIAS = "pebble"
API, MANAGEMENT, NAMES = 14000, 15000, 8055
DAY = 86_400


def image() -> str:
    """Pebble's image, which `script/images/choose pebble` makes."""
    found = machine_images().get("PEBBLE_IMAGE")
    assert found, "There is no image of Pebble; make it with: script/images/choose pebble"
    return found


class Pebble:
    """One Pebble in a network, under the alias `pebble`; with-blocks start and remove it.

    network: a Docker network, which is made when it is missing. valid_days: of its
    certificates. eab: key id to base64url key; with it, accounts without external binding are
    refused. dns: another DNS server's address, HOST:PORT, in the place of its own. names_at: a
    container whose port 80 is asked for every name, whenever it comes up. blocked: domains for
    which it refuses orders.
    """

    def __init__(
        self,
        name: str,
        network: str,
        *,
        valid_days: float = 45,
        eab: Mapping[str, str] | None = None,
        dns: str = "",
        names_at: str = "",
        blocked: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.network = network
        self._dns = dns
        self._names_at = names_at
        self._config = {
            "listenAddress": f"0.0.0.0:{API}",
            "managementListenAddress": f"0.0.0.0:{MANAGEMENT}",
            "certificate": "/etc/pebble/server.pem",
            "privateKey": "/etc/pebble/server.key",
            "httpPort": 80,
            "tlsPort": 443,
            "retryAfter": {"authz": 1, "order": 1},
            "externalAccountBindingRequired": bool(eab),
            "externalAccountMACKeys": dict(eab or {}),
            "domainBlocklist": list(blocked),
            "profiles": {
                "default": {"description": "", "validityPeriod": int(valid_days * DAY)},
            },
        }

    @property
    def directory(self) -> str:
        """The address of the ACME directory, for ACME_SERVER."""
        return f"https://{ALIAS}:{API}/dir"

    def __enter__(self) -> Pebble:
        with suppress(CommandFailed):
            docker("network", "create", self.network)
        self.remove()
        options = ["--network", self.network, "--network-alias", ALIAS]
        options += ["--env", f"DNS_SERVER={self._dns}"] if self._dns else []
        options += ["--env", f"NAMES_AT={self._names_at}"] if self._names_at else []
        ports = [f"--publish=127.0.0.1::{port}" for port in (MANAGEMENT, NAMES)]
        options += ["--env", "PEBBLE_CONFIG=" + json.dumps({"pebble": self._config})]
        docker("run", "--detach", "--name", self.name, *options, *ports, image())
        self._trusted = NamedTemporaryFile()
        self._trusted.write(self._ca().encode())
        self._trusted.flush()
        eventually(lambda: bool(self.root()))
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
        self._trusted.close()

    def remove(self) -> None:
        """End it; its accounts and orders are forgotten, its root is another next time."""
        docker("rm", "--force", "--volumes", self.name)

    def pause(self) -> None:
        """It no longer answers, but keeps its connections: a server that hangs."""
        docker("pause", self.name)

    def go_on(self) -> None:
        """After `pause`."""
        docker("unpause", self.name)

    def log(self) -> str:
        """What it says of its orders."""
        return docker("logs", self.name)

    # --- what clients trust ---

    def ca_file(self, folder: Path) -> str:
        """What an ACME client must trust to speak to it, for ACME_CA_FILE."""
        path = folder / "acme-ca.pem"
        path.write_text(self._ca(), encoding="ascii")
        return str(path)

    def root(self) -> str:
        """The root of the certificates that it gives, in PEM."""
        return self._manage("/roots/0").text

    def root_file(self, folder: Path) -> Path:
        """The same in a file, for clients of the certificates (curl --cacert)."""
        path = folder / "pebble-root.pem"
        path.write_text(self.root(), encoding="ascii")
        return path

    # --- what it answers ---

    def every_name_is_at(self, container: str) -> None:
        """Its DNS gives this container's address for every name that has none of its own."""
        self._name("/set-default-ipv4", ip=address_of(container, self.network))

    def name_is_at(self, host: str, address: str) -> None:
        """Its DNS gives this address for one name, such as 127.0.0.1 for a wrong one."""
        self._name("/add-a", host=host, addresses=[address])

    def name_is_as_others(self, host: str) -> None:
        """After `name_is_at`."""
        self._name("/clear-a", host=host)

    def renewal_is_due(self, certificate: str) -> None:
        """Its renewal information (ARI) says of a certificate in PEM that it is to be renewed."""
        now = time.time()
        window = {"start": _rfc3339(now - 2 * DAY), "end": _rfc3339(now - DAY)}
        answer = json.dumps({"suggestedWindow": window})
        self._manage("/set-renewal-info/", {"certificate": certificate, "ariResponse": answer})

    def _manage(self, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        url = f"https://127.0.0.1:{self._port(MANAGEMENT)}{path}"
        with requests.Session() as session:
            session.trust_env = False
            session.verify = self._trusted.name
            answer = session.request("POST" if body else "GET", url, json=body, timeout=web.SECONDS)
        assert answer.ok, answer.text
        return answer

    def _ca(self) -> str:
        return docker("exec", self.name, "cat", "/etc/pebble/ca.pem")

    def _name(self, path: str, **body: object) -> None:
        answer = web.post(f"http://127.0.0.1:{self._port(NAMES)}{path}", json.dumps(body).encode())
        assert answer.ok, answer.text

    def _port(self, inner: int) -> int:
        return int(docker("port", self.name, str(inner)).split(":")[-1])


def address_of(container: str, network: str) -> str:
    """A container's address in a network."""
    address: str = inspect(container)["NetworkSettings"]["Networks"][network]["IPAddress"]
    return address


def _rfc3339(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
