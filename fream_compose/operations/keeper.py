"""The keeper of the certificates, in its container: asked to try now, or given a pair."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fream_compose.errors import CertificateError, ConfigurationError, UsageError, reason
from fream_compose.operations import inside
from fream_compose.operations.certificates import HostCertificate, certificates_of
from fream_compose.operations.context import Context
from fream_compose.operations.routing import reject_pending_routes
from fream_compose.text import one_line

SERVICE = "acme"
_PROGRAM = ("python3", "/fream/keeper.py")
_GOOD, _FAILED = 0, 1
_PUT_SECONDS = 60.0
_TRY_SECONDS = 900.0  # of one host: a change of DNS may take its time
_LARGEST = 262_144  # bytes of a file in PEM


class Keeper:
    """The keeper of one project's certificates."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tls = context.settings.switch.tls

    def look(self) -> tuple[HostCertificate, ...]:
        """How each host's certificate fares. Raises ProxyError."""
        kept = self._context.proxy.certificates()
        return certificates_of(self._tls, kept, datetime.now(UTC))

    def renew(self, hosts: Sequence[str], force: bool) -> tuple[HostCertificate, ...]:
        """Have it try now, and return how the hosts fare.

        hosts: all without them. force: also where nothing is due. A pair of the user's own is
        put in place. Raises UsageError for a host that is not set, ConfigurationError,
        CertificateError where the keeper cannot be asked, EngineError and ProxyError.
        """
        wanted = self._wanted(hosts)
        if self._tls.source == "own":
            self.put()
            return self._of(wanted)
        reject_pending_routes(self._context.proxy)
        words = ("renew", *(["--force"] if force else []), *hosts)
        code, printed = self._ask(words, _TRY_SECONDS * len(wanted))
        rows = self._of(wanted)
        if code not in (_GOOD, _FAILED) or (code == _FAILED and not any(r.failed for r in rows)):
            raise self._broken(printed)
        return rows

    def put(self) -> None:
        """Have it check the pair of the user's own, and put it in place for every host.

        Raises ConfigurationError for a pair that is not good, CertificateError where the keeper
        cannot be asked, EngineError.
        """
        pair = {"certificate": self._text(self._tls.certificate), "key": self._text(self._tls.key)}
        told = json.dumps({"hosts": self._tls.hosts, **pair}).encode()
        code, printed = self._ask(("put",), _PUT_SECONDS, told)
        if code == _FAILED:
            raise ConfigurationError(
                "The certificate of TLS_CERTIFICATE and TLS_KEY is not good; the one before stays",
                printed,
                next_step=f"Correct the files, or {self._context.settings.env_path}, then: "
                "fream certificates renew",
            )
        if code != _GOOD:
            raise self._broken(printed)

    def _wanted(self, hosts: Sequence[str]) -> tuple[str, ...]:
        known = self._tls.hosts
        if not known:
            raise ConfigurationError(
                "HTTPS is off: TLS_HOSTS names no host",
                next_step=f"Set TLS_HOSTS in {self._context.settings.env_path}, then: "
                "fream up infra --recreate",
            )
        if unknown := [host for host in hosts if host not in known]:
            raise UsageError(f"{unknown[0]} is not in TLS_HOSTS", f"There are {', '.join(known)}")
        return tuple(hosts) or known

    def _of(self, wanted: Sequence[str]) -> tuple[HostCertificate, ...]:
        return tuple(row for row in self.look() if row.host in wanted)

    def _text(self, path: Path | None) -> str:
        """A file in PEM; a relative path is seen from the folder of the Compose files."""
        place = self._context.settings.compose_directory / (path or "")
        try:
            with place.open("rb") as file:
                text = file.read(_LARGEST + 1)
        except OSError as error:
            raise ConfigurationError(
                f"{place} cannot be read",
                reason(error),
                next_step=f"Correct TLS_CERTIFICATE and TLS_KEY in "
                f"{self._context.settings.env_path}, or who may read the file",
            ) from error
        if len(text) > _LARGEST:
            raise ConfigurationError(f"{place} is too large for a certificate or a key")
        return text.decode("utf-8", "replace")

    def _ask(
        self, words: tuple[str, ...], seconds: float, told: bytes = b""
    ) -> tuple[int | None, str]:
        project = self._context.project
        running = (
            c.name for c in project.containers.all() if (c.service, c.state) == (SERVICE, "running")
        )
        if not (container := next(running, "")):
            raise CertificateError(
                "The keeper of the certificates does not run",
                f"There is no container of {SERVICE} that runs",
                next_step="fream up infra",
            )
        check = self._context.interruption.check
        return inside.run(project, container, (*_PROGRAM, *words), seconds, check, told)

    def _broken(self, printed: str) -> CertificateError:
        return CertificateError(
            "The keeper of the certificates failed; what was in place stays",
            logs=map(one_line, printed.splitlines()[-5:]),
            next_step=f"fream logs {SERVICE}",
        )


def failure(rows: Sequence[HostCertificate]) -> CertificateError | None:
    """The hosts that failed, as an error; None where all went well."""
    if not (failed := [row for row in rows if row.failed]):
        return None
    hints = dict.fromkeys(row.hint for row in failed if row.hint)
    return CertificateError(
        f"No new certificate for {', '.join(row.host for row in failed)}; "
        "what was in place is shown",
        "\n".join(f"{row.host}: {row.error or row.verdict}" for row in failed),
        next_step="; ".join(hints) or f"fream logs {SERVICE}",
    )
