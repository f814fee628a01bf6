"""Certificates made by hand in a TLS_DIR, as the keeper lays them out, by a CA of our own."""

from __future__ import annotations

import itertools
import os
import ssl
import subprocess
import time
from pathlib import Path

NGINX_UID = 101
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_EXTENSIONS = """
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[pair]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def name_of(host: str) -> str:
    """What a host is called in TLS_DIR."""
    return host.replace("*", "_", 1)


class Pairs:
    """Pairs in a folder. ca: the certificate that clients trust, beside the folder.

    uid: of nginx's workers, who alone read the keys.
    """

    def __init__(self, folder: Path, uid: int = NGINX_UID) -> None:
        self.folder = folder
        self._uid = uid
        self._count = itertools.count(1)
        self._own = folder.with_name(f"{folder.name}-ca")
        self.ca = self._own / "ca.pem"
        for path in (self._own, folder, folder / "live", folder / "pairs", self.challenges):
            path.mkdir(parents=True, exist_ok=True)
        if not self.ca.exists():
            self._sign("/CN=fream test CA", "authority", _EXTENSIONS, self._own / "ca.key", self.ca)

    @property
    def challenges(self) -> Path:
        """Where the answers to ACME's challenges are."""
        return self.folder / "challenges" / ".well-known" / "acme-challenge"

    @property
    def trust(self) -> ssl.SSLContext:
        """A client that trusts these pairs and no others."""
        return ssl.create_default_context(cafile=str(self.ca))

    def place(self, host: str, days: int = 90, trusted: bool = True) -> str:
        """Make a new pair for a host and put it in place; returns its id."""
        made = self.make(host, days, trusted)
        self.point(host, made)
        return made

    def make(self, host: str, days: int = 90, trusted: bool = True) -> str:
        """Make a new pair that is not in place yet; returns its id.

        trusted: whether browsers take it, as they do not take what the keeper signs itself.
        """
        made = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{next(self._count):06d}"
        pair = self.pair(host, made)
        (pair / "www").mkdir(parents=True)
        files = (pair / "key.pem", pair / "fullchain.pem")
        extensions = f"{_EXTENSIONS}subjectAltName = DNS:{host}\n"
        by = ("-CA", str(self.ca), "-CAkey", str(self._own / "ca.key"))
        self._sign(f"/CN={host[:60]}", "pair", extensions, *files, *by, "-days", str(days))
        files[0].chmod(0o400)
        files[1].chmod(0o444)
        os.chown(files[0], self._uid, -1)
        if trusted:
            (pair / "trusted").touch(mode=0o444)
        return made

    def point(self, host: str, made: str) -> None:
        """Put a pair in place: one rename of the link."""
        link = self.folder / "live" / name_of(host)
        draft = link.with_name(f".{link.name}")
        draft.unlink(missing_ok=True)
        draft.symlink_to(f"../pairs/{name_of(host)}@{made}/www")
        draft.replace(link)

    def pair(self, host: str, made: str) -> Path:
        """The folder of a pair."""
        return self.folder / "pairs" / f"{name_of(host)}@{made}"

    def _sign(
        self, subject: str, kind: str, extensions: str, key: Path, out: Path, *more: str
    ) -> None:
        config = self._own / f"{kind}.cnf"
        config.write_text(extensions, encoding="utf-8")
        asked = ("-config", str(config), "-extensions", kind, "-subj", subject)
        files = ("-keyout", str(key), "-out", str(out))
        subprocess.run(
            ["openssl", "req", "-x509", *_CURVE, *asked, *files, *more],
            check=True,
            capture_output=True,
            timeout=60,
        )
