"""A project as `fream init` makes it, with HTTPS by Pebble, and who visits it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load import Https
from tests.stories import own_app
from tests.stories.docker import docker
from tests.stories.pebble import Pebble
from tests.stories.releases import Releases, machine_images

SHOP, WWW = "shop.example.com", "www.example.com"
PATH = "/version"


@dataclass(frozen=True)
class Site:
    """The project in its folder, and the server that certifies its hosts."""

    folder: Path
    name: str
    http_port: int
    https_port: int
    pebble: Pebble
    root: Path

    def fream(self, *arguments: str) -> str:
        """Run fream, which must succeed; what it printed."""
        return own_app.fream(self.folder, *arguments)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run fream, however it ends."""
        return own_app.run(self.folder, *arguments)

    def set_env(self, **values: str) -> None:
        """Write lines to the end of `.env`, as an operator with an editor does."""
        with (self.folder / "compose" / ".env").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())

    def curl(self, url: str, *options: str) -> str:
        """What curl prints, which trusts the root of Pebble's certificates and no other."""
        ports = {443: self.https_port, self.https_port: self.https_port, 80: self.http_port}
        hosts = [f"{SHOP}:{told}:127.0.0.1:{port}" for told, port in ports.items()]
        places = [part for host in hosts for part in ("--connect-to", host)]
        trust = ["--cacert", str(self.root), "--noproxy", "*", "--silent", "--show-error"]
        done = subprocess.run(
            ["curl", *trust, *places, "--max-time", "30", *options, url],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def https(self) -> Https:
        """For the load."""
        return Https(SHOP, self.root)

    def certificate(self, host: str = SHOP) -> dict[str, Any]:
        """What the keeper says of a host's certificate."""
        told = json.loads(docker("exec", f"{self.name}-acme", "cat", "/tls/state.json"))
        found: dict[str, Any] = told["hosts"][host]
        return found

    def workers(self) -> frozenset[str]:
        """The processes of nginx that serve."""
        rows = docker("top", f"{self.name}-nginx").splitlines()
        return frozenset(row.split()[1] for row in rows if "worker process" in row)


@contextmanager
def site(folder: Path, name: str, first_port: int, releases: Releases) -> Iterator[Site]:
    """A project that was only set up: nothing of it runs, and nothing is left of it."""
    ports = first_port, first_port + 1
    options = ["--image", f"{releases.registry}/fream", "--health-path", PATH]
    options += ["--http-port", f"127.0.0.1:{ports[0]}", "--set", "GUARD=1s"]
    options += ["--set", f"ACME_IMAGE={machine_images()['ACME_IMAGE']}"]
    certifier = f"{name}-pebble"
    docker("rm", "--force", "--volumes", certifier)  # of a run that was killed
    with (
        own_app.project(folder, name, *options) as place,
        _network(name),
        Pebble(certifier, name, names_at=f"{name}-nginx") as pebble,
    ):
        yield Site(place, name, *ports, pebble, pebble.root_file(folder))


@contextmanager
def _network(name: str) -> Iterator[None]:
    """The project's network before the project, marked as Compose marks it."""
    marks = {"network": "default", "project": name}
    labels = [f"--label=com.docker.compose.{key}={value}" for key, value in marks.items()]
    docker("network", "create", *labels, name)
    yield
