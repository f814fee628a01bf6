"""HTTP/2 clients as people use them, in a container on nginx's own network, and a TLS server.

They keep one connection each, over which they ask for one page after the other.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("http2")
_BUILD_SECONDS, _GRACE_SECONDS = 900, 60
_COMMANDS = {
    "httpx": ("/usr/bin/python3", "client.py"),
    "node": ("node", "client.mjs"),
    "go": ("./go-client",),
    "curl": ("sh", "client.sh"),
}
# Beside the app: what tells which switch is live, and an answer that costs nothing.
_SERVER = """server {
    listen 443 ssl;
    http2 on;
    ssl_certificate     http.d/tls.pem;
    ssl_certificate_key http.d/tls.pem;
    include live.inc;
    include unavailable.inc;
    location = /id    { alias /etc/nginx/live/answer.json; }
    location = /still { return 200 still; }
    location = /stream {
        set $streams http2-streams:9000;
        grpc_pass grpc://$streams;
    }
    location / {
        proxy_pass http://$service_url;
        include proxy.inc;
        include net.inc;
    }
}
"""


@dataclass(frozen=True)
class Outcome:
    """What a client saw: good answers, and everything else by what it was."""

    served: int
    connections: int
    failures: Mapping[str, int]


class Http2Clients:
    """The clients of one network. image: the tag to give what is built.

    They take any certificate, until `trust` says which.
    """

    def __init__(self, image: str, network: str) -> None:
        self._image = image
        self._network = network
        self._options: tuple[str, ...] = ()
        self._running: dict[str, subprocess.Popen[str]] = {}

    def build(self, base: str) -> None:
        """Build the image on top of a Debian with Python."""
        options = ("--network", "host", "--build-arg", f"BASE_IMAGE={base}", "--tag", self._image)
        self._docker("build", "--quiet", *options, str(_FOLDER))

    def add_server(self, nginx: Path) -> None:
        """Put a TLS server into a project's http.d, with a certificate of its own."""
        subject = ("-subj", "/CN=nginx", "-days", "2")
        request = ("openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", *subject)
        made = self._docker("run", "--rm", self._image, *request, "-keyout", "-", "-out", "-")
        (nginx / "http.d" / "tls.pem").write_text(made, encoding="utf-8")
        (nginx / "http.d" / "tls.conf").write_text(_SERVER, encoding="utf-8")

    def remove_server(self, nginx: Path) -> None:
        """Take it away again."""
        for name in ("tls.pem", "tls.conf"):
            (nginx / "http.d" / name).unlink(missing_ok=True)

    def trust(self, root: Path, host: str, address: str) -> None:
        """Take those of a root, in PEM, only. address: where they find the host."""
        inside = "/clients/root.pem"
        names = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
        variables = (part for name in names for part in ("--env", f"{name}={inside}"))
        files = ("--volume", f"{root}:{inside}:ro", "--add-host", f"{host}:{address}")
        self._options = (*variables, *files)

    def start(self, url: str, seconds: int) -> None:
        """Have each client ask for so long."""
        for name, command in _COMMANDS.items():
            self._running[name] = subprocess.Popen(
                ["docker", *self._run(*command, url, str(seconds))],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @property
    def running(self) -> bool:
        """Whether any of them still asks."""
        return any(process.poll() is None for process in self._running.values())

    def outcomes(self) -> dict[str, Outcome]:
        """What each saw, once all are at their end. Raises RuntimeError for one that broke."""
        return {name: _outcome(name, process) for name, process in self._running.items()}

    def serve_streams(self, container: str, messages: int) -> None:
        """Serve gRPC streams behind nginx's /stream until the container is removed."""
        options = ("--detach", "--name", container, "--network", self._network)
        alias = ("--network-alias", "http2-streams")
        command = ("node", "streams.mjs", "serve", str(messages))
        self._docker("run", *options, *alias, self._image, *command)

    def once(self, *command: str) -> str:
        """What another command prints in there."""
        return self._docker(*self._run(*command))

    def _run(self, *command: str) -> tuple[str, ...]:
        where = ("--network", self._network, *self._options)
        return ("run", "--rm", "--init", *where, self._image, *command)

    def _docker(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


def _outcome(name: str, process: subprocess.Popen[str]) -> Outcome:
    text, _ = process.communicate(timeout=_GRACE_SECONDS)
    try:
        found: dict[str, int] = json.loads(text.splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"{name} ended with {process.returncode}: {text}") from None
    return Outcome(found.pop("ok", 0), found.pop("connections", 1), found)
