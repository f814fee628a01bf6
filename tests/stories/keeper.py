"""The keeper of the certificates by itself, and the least of an nginx that shows what it keeps.

Both have the same volume at /tls, as in a project; the nginx is `fream-nginx` in the network.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.stories.docker import CommandFailed, docker
from tests.stories.releases import ROOT, machine_images
from tests.stories.waiting import eventually

NGINX = """
user nginx;
events {}
http {
    ssl_certificate_cache max=100 inactive=1h valid=1h;
    map $realpath_root $tls_pair { "~^(?<tls_real>/tls/pairs/.+)/www$" $tls_real; }
    server {
        listen 80;
        location = /.well-known/acme-challenge/fream { return 200 fream; }
        location /.well-known/acme-challenge/ { root /tls/challenges; }
    }
    server { listen 443 ssl default_server; ssl_reject_handshake on; }
SERVERS
}
"""
SERVER = """
    server {
        listen 443 ssl;
        server_name HOST;
        root /tls/live/NAME;
        ssl_certificate $tls_pair/fullchain.pem;
        ssl_certificate_key $tls_pair/key.pem;
    }
"""


class Keeper:
    """A keeper for some hosts; with-blocks start and remove it, its nginx and its volume.

    settings: of certificates.json. environment: of its container. secrets: files of this
    server by the name of their Compose secret. size: of a small /tls, in memory. image: another one
    than the client's.
    """

    def __init__(
        self,
        name: str,
        network: str,
        folder: Path,
        hosts: list[str],
        *,
        settings: dict[str, Any],
        environment: dict[str, str] | None = None,
        secrets: dict[str, str] | None = None,
        size: str = "",
        image: str = "",
    ) -> None:
        self.name = name
        self.network = network
        self.folder = folder
        self.hosts = hosts
        self._settings = settings
        self._environment = {"NGINX_HOST": "fream-nginx", **(environment or {})}
        self._secrets = secrets or {}
        self._volume = f"{name}-tls"
        self._size = size
        self._image = image or machine_images()["ACME_IMAGE"]

    @property
    def nginx(self) -> str:
        """The container of its nginx."""
        return f"{self.name}-nginx"

    def __enter__(self) -> Keeper:
        self._remove()
        options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o=size={self._size}"]
        docker("volume", "create", *(options if self._size else []), self._volume)
        self.tell()
        self.start_nginx()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error:
            error.add_note(self.log())
        self._remove()

    def _remove(self) -> None:
        docker("rm", "--force", "--volumes", self.name, self.nginx)
        with suppress(CommandFailed):
            docker("volume", "rm", self._volume)

    def tell(self, **changes: Any) -> None:
        """Write certificates.json, as fream does."""
        self._settings |= changes
        path = self.folder / "routes" / "certificates.json"
        path.parent.mkdir(exist_ok=True)
        half = path.with_name("half")
        half.write_text(json.dumps({"hosts": self.hosts, **self._settings}), encoding="utf-8")
        half.rename(path)

    def start_nginx(self) -> None:
        """Its nginx, which may be there before any certificate."""
        names = {host: host.replace("*", "_", 1) for host in self.hosts}
        servers = (SERVER.replace("HOST", h).replace("NAME", name) for h, name in names.items())
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.replace("SERVERS", "".join(servers)), encoding="utf-8")
        docker(
            "run", "--detach", "--name", self.nginx, "--network", self.network,
            "--network-alias", "fream-nginx", "--publish", "127.0.0.1::443",
            "--volume", f"{self._volume}:/tls:ro", "--volume", f"{config}:/etc/nginx/nginx.conf:ro",
            machine_images()["NGINX_IMAGE"],
        )  # fmt: skip

    def start(self) -> None:
        """The keeper, with the rights that the Compose file gives it."""
        environment = [f"--env={name}={value}" for name, value in self._environment.items()]
        files = {"acme_eab_key": "/dev/null", "acme_dns": "/dev/null", "acme_ca": "/dev/null"}
        files |= self._secrets
        docker(
            "run", "--detach", "--name", self.name, "--network", self.network, *environment,
            *(f"--volume={path}:/run/secrets/{name}:ro" for name, path in files.items()),
            "--volume", f"{self._volume}:/tls", "--volume", f"{self.folder / 'routes'}:/routes:ro",
            "--volume", f"{ROOT / 'compose' / 'acme'}:/fream:ro", "--read-only", "--tmpfs", "/tmp",
            "--security-opt", "no-new-privileges:true", "--cap-drop", "ALL",
            "--cap-add", "CHOWN", "--cap-add", "DAC_OVERRIDE", "--cap-add", "FOWNER",
            "--entrypoint", "python3", self._image, "/fream/keeper.py",
        )  # fmt: skip

    def kill(self) -> None:
        """As the kernel or a power cut ends it."""
        docker("kill", "--signal", "KILL", self.name)

    def restart(self) -> None:
        """Start it after its end."""
        docker("start", self.name)

    # --- what an operator sees ---

    def renew(self, *arguments: str) -> dict[str, Any]:
        """`renew`, whose state is returned whatever its exit code."""
        script = 'python3 /fream/keeper.py renew "$@"; test $? -lt 2'
        text = docker("exec", self.name, "sh", "-c", script, "sh", *arguments)
        state: dict[str, Any] = json.loads(text)
        return state

    def state(self, host: str = "") -> dict[str, Any]:
        """What state.json says of a host; nothing before it knows of it."""
        text = docker("exec", self.nginx, "cat", "/tls/state.json")
        found: dict[str, Any] = json.loads(text)["hosts"].get(host or self.hosts[0], {})
        return found

    def eventually(self, host: str = "", **fields: Any) -> dict[str, Any]:
        """The state of a host once it has these values."""

        def look() -> dict[str, Any]:
            state = self.state(host)
            return state if {name: state.get(name) for name in fields} == fields else {}

        return eventually(look)

    def log(self) -> str:
        """What the keeper says."""
        return docker("logs", self.name)

    # --- what a client sees ---

    def shown(self, host: str = "") -> str:
        """The SHA-256 of the certificate with which nginx answers a client.

        A handshake ends well only when the key fits the certificate and the workers read both.
        """
        port = int(docker("port", self.nginx, "443").split(":")[-1])
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        name = (host or self.hosts[0]).replace("*", "any", 1)
        with raw, context.wrap_socket(raw, server_hostname=name) as secured:
            return hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
