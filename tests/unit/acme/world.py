"""What the keeper's tests share: a place in a folder, certificates, and a certbot that obeys."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from client import Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from record import Record
from rounds import Rounds
from shelf import Shelf
from wanted import Place, Wanted

HOST = "shop.example.com"
SERVER = "https://ca.example.com/dir"
CERTBOT = Path(__file__).with_name("certbot.py")


def real_now() -> datetime:
    """Now, in whole seconds, as certificates have it."""
    return datetime.now(UTC).replace(microsecond=0)


def issued(
    *names: str,
    begins: timedelta = timedelta(),
    lives: timedelta = timedelta(days=45),
    issuer: str = "R1",
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | None = None,
) -> tuple[bytes, bytes]:
    """A certificate of a test authority for these names, and its key. begins: from now on."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    start = real_now() + begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "any")]))
        .issuer_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                    x509.NameAttribute(NameOID.COMMON_NAME, issuer),
                ]
            )
        )
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lives)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    leaf = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return leaf.public_bytes(Encoding.PEM), secret


@dataclass
class World:
    """A keeper in a folder. nginx: whether it answers for challenges."""

    folder: Path
    wanted: Wanted = field(default_factory=lambda: Wanted((HOST,), server=SERVER))
    nginx: bool = True
    clock: datetime | None = None
    limit: float = 30.0

    def __post_init__(self) -> None:
        for name in ("tls", "routes", "secrets"):
            (self.folder / name).mkdir()
        self.certbot()
        Shelf(self.place).prepare()

    @property
    def place(self) -> Place:
        """Where everything is; the keys are this user's."""
        tls, routes, secrets = (self.folder / name for name in ("tls", "routes", "secrets"))
        return Place(tls, routes, secrets, nginx_uid=os.getuid())

    def certbot(self, **behaviour: Any) -> None:
        """What certbot does from now on: see certbot.py."""
        (self.folder / "behaviour.json").write_text(json.dumps(behaviour))

    @property
    def runs(self) -> list[dict[str, Any]]:
        """How certbot was run."""
        log = self.folder / "runs"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def client(self) -> Client:
        """The real client, with the obedient certbot."""
        program = (sys.executable, str(CERTBOT), str(self.folder))
        found = Client(self.place, self.wanted, program, self.limit)
        found.prepare()
        return found

    def shown(self) -> str:
        """The SHA-256 of what is in place."""
        pair = self.rounds.in_place(HOST)
        return pair.sha256 if pair else ""

    @property
    def rounds(self) -> Rounds:
        """As a keeper that has just started."""
        record = Record(self.place.tls / "state.json")
        return Rounds(
            self.place,
            self.wanted,
            self.client,
            record,
            serves=lambda *_: self.nginx,
            spread=lambda *_: 1.0,
            now=lambda: self.clock or datetime.now(UTC),
        )

    def look(self, force: bool = False, due: bool = True) -> dict[str, Any]:
        """One look after the host; its state afterwards."""
        rounds = self.rounds
        rounds.begin()
        rounds.tend(self.wanted.hosts[0], force, due)
        return self.state()

    def state(self, host: str = "") -> dict[str, Any]:
        """What state.json says of the host."""
        told = json.loads((self.place.tls / "state.json").read_text())
        found: dict[str, Any] = told["hosts"][host or self.wanted.hosts[0]]
        return found
