"""The certificates of HTTPS: how each host's fares, in plain values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fream_compose.nginx.certificates import Kept, Verdict
from fream_compose.project.tls_settings import Tls
from fream_compose.text import count

_IN_USE = (Verdict.OK, Verdict.EXPIRES, Verdict.FAILED)


@dataclass(frozen=True)
class HostCertificate:
    """How the certificate of a host fares.

    verdict: in a word or two. source: acme, own, self-signed, or empty for none. days_left:
    None without one. until, tried, next: ISO 8601, or empty. failures: in a row. error, hint:
    of the last try, or what else is wrong, and what to do. sha256: of the certificate.
    """

    host: str
    verdict: Verdict
    source: str = ""
    issuer: str = ""
    days_left: int | None = None
    until: str = ""
    tried: str = ""
    failures: int = 0
    error: str = ""
    hint: str = ""
    next: str = ""
    sha256: str = ""

    @property
    def failed(self) -> bool:
        """Whether it could not be got, or not be kept."""
        return bool(self.error) or self.verdict in (Verdict.MISSING, Verdict.EXPIRED)

    @property
    def ails(self) -> bool:
        """Whether somebody should see to it."""
        return self.verdict is not Verdict.OK

    @property
    def decided(self) -> bool:
        """Whether it was tried for, or needed no try.

        An error without a failure is what the keeper waits for, such as nginx.
        """
        waits = bool(self.error) and not self.failures
        return not waits and (bool(self.tried) or self.verdict in _IN_USE)

    @property
    def why(self) -> str:
        """What is wrong with it, and what to do, in one line; empty where nothing is."""
        return "; ".join(part for part in (self.error, self.hint) if part)

    @property
    def summary(self) -> str:
        """For people, in one line."""
        if self.verdict is Verdict.MISSING:
            return f"NO CERTIFICATE{self._because}"
        left = f"{self.issuer}, {count(self.days_left or 0, 'day')} left"
        if self.verdict is Verdict.EXPIRED:
            left = f"EXPIRED {count(-(self.days_left or 0), 'day')} ago"
        if self.verdict is Verdict.SELF_SIGNED:
            left = "SELF-SIGNED"
        if self.verdict is Verdict.EXPIRES:
            left = f"EXPIRES SOON: {left}"
        return f"{left}{self._because}"

    @property
    def _because(self) -> str:
        return f"; the last try failed: {self.why}" if self.why else ""


def certificates_of(tls: Tls, kept: Kept, now: datetime) -> tuple[HostCertificate, ...]:
    """How each host that is set fares. now: with its offset."""
    return tuple(_certificate(host, kept, now) for host in tls.hosts)


def _certificate(host: str, kept: Kept, now: datetime) -> HostCertificate:
    found, verdict = kept.hosts.get(host), kept.verdict(host, now)
    if found is None:
        return HostCertificate(host, verdict)
    return HostCertificate(
        host=host,
        verdict=verdict,
        source=found.source,
        issuer=found.issuer,
        days_left=found.days_left(now),
        until=found.not_after.isoformat() if found.not_after else "",
        tried=found.tried.isoformat() if found.tried else "",
        failures=found.failures,
        error=found.error,
        hint=found.hint,
        next=found.next.isoformat() if found.next else "",
        sha256=found.sha256,
    )


def total(rows: Sequence[HostCertificate]) -> str:
    """How many are in use of how many, for people."""
    good = sum(row.verdict in _IN_USE for row in rows)
    return f"{good} of {len(rows)} in place"
