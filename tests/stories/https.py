"""A project with HTTPS whose certificates are made by hand, and its clients."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.stories import web
from tests.stories.project import Project
from tests.stories.releases import machine_images
from tests.stories.tls_pairs import Pairs

SHOP, WWW, WILD = "shop.example.com", "www.example.com", "*.wild.example.com"
HOSTS = (SHOP, WWW, WILD)
# In the place of the keeper: the tests are the ones who put certificates in place.
_NO_KEEPER = """\
services:
  acme:
    image: {image}
    entrypoint: [sleep, infinity]
    healthcheck: {{test: [CMD, "true"]}}
  nginx:
    networks:
      default:
        aliases: [fream-nginx, {shop}]
"""


@dataclass(frozen=True)
class Answer:
    """An answer. headers: their names in lower case. certificate: what the server showed."""

    status: int
    headers: dict[str, str]
    text: str
    names: tuple[str, ...]
    certificate: bytes


class SecureProject:
    """A project with TLS for HOSTS. pairs: its TLS_DIR."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.port = project.http_port + 363
        self.pairs = Pairs(project.folder / "tls")
        self.nginx = project.folder / "nginx"
        text = _NO_KEEPER.format(image=machine_images()["NGINX_IMAGE"], shop=SHOP)
        (project.folder / "compose" / "compose.override.yaml").write_text(text, encoding="utf-8")
        self.set(
            TLS_HOSTS=",".join(HOSTS),
            TLS_CHALLENGE="dns-none",
            TLS_DIR=str(self.pairs.folder),
            HTTPS_PORT=f"127.0.0.1:{self.port}",
        )
        state = {"schema": 1, "server": "", "hosts": {host: _tried() for host in HOSTS}}
        (self.pairs.folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def set(self, **values: str) -> None:
        """Write variables at the end of `.env`, where the last one counts."""
        with self.project.env_path.open("a", encoding="utf-8") as env:
            env.writelines(f"{name}={value}\n" for name, value in values.items())

    def ask(
        self,
        host: str,
        path: str = "/version",
        method: str = "GET",
        name: str | None = None,
        **headers: str,
    ) -> Answer:
        """A request over HTTPS. name: of the handshake, where it is another than the host.

        Raises ssl.SSLError for a certificate that is not for it.
        """
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=web.SECONDS) as plain,
            self.pairs.trust.wrap_socket(plain, server_hostname=name or host) as secure,
        ):
            connection = HTTPConnection(host)
            connection.sock = secure
            connection.request(method, path, headers=headers)
            got = connection.getresponse()
            shown = secure.getpeercert() or {}
            alternatives: Any = shown.get("subjectAltName", ())
            names = tuple(str(name) for _, name in alternatives)
            told = {name.lower(): value for name, value in got.getheaders()}
            whole = secure.getpeercert(binary_form=True) or b""
            return Answer(got.status, told, got.read().decode(), names, whole)

    def plain(self, host: str, path: str = "/version", method: str = "GET") -> Answer:
        """A request to port 80."""
        connection = HTTPConnection("127.0.0.1", self.project.http_port, timeout=web.SECONDS)
        try:
            connection.request(method, path, headers={"Host": host})
            got = connection.getresponse()
            told = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, told, got.read().decode(), (), b"")
        finally:
            connection.close()

    def refused(self, name: str | None) -> bool:
        """Whether a handshake for a name, or for none, is refused before any certificate."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=web.SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=name),
            ):
                return False
        except ssl.SSLError as error:
            return error.reason == "TLSV1_UNRECOGNIZED_NAME"

    def prove(self, token: str, text: str) -> Path:
        """Lay out what an ACME server will ask for."""
        path = self.pairs.challenges / token
        path.write_text(text, encoding="utf-8")
        return path


def _tried() -> dict[str, object]:
    moment = "2026-01-01T00:00:00Z"
    return {
        "source": "own",
        "issuer": "fream test CA",
        "names": [],
        "not_before": moment,
        "not_after": "2126-01-01T00:00:00Z",
        "sha256": "0" * 64,
        "tried": moment,
        "failures": 0,
        "error": "",
        "hint": "",
        "next": None,
    }
