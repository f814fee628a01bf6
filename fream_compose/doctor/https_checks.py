"""Checks of HTTPS. Pure."""

from collections.abc import Iterator

from fream_compose.doctor.finding import Finding, fails, ok, warning
from fream_compose.doctor.https import OURS, HttpsFacts
from fream_compose.nginx.certificates import Verdict
from fream_compose.operations.certificates import HostCertificate, total
from fream_compose.text import count

_RENEW = "fream certificates renew"
_UNSERVED = (Verdict.MISSING, Verdict.EXPIRED)


def https_findings(facts: HttpsFacts | None) -> tuple[Finding, ...]:
    """Every check of HTTPS; none where it is off."""
    return tuple(_findings(facts)) if facts else ()


def _findings(facts: HttpsFacts) -> Iterator[Finding]:
    yield keeper(facts)
    yield from dns(facts)
    yield from challenge(facts)
    yield from certificates(facts)
    yield from shown(facts)
    if facts.uid:
        yield keys(facts)


def keeper(facts: HttpsFacts) -> Finding:
    """Whoever gets and renews the certificates is at work."""
    if not facts.keeps:
        return fails("keeper", "acme does not run: no certificate is renewed", "fream up infra")
    return ok("keeper", f"acme runs{f' and asks {facts.server}' if facts.server else ''}")


def dns(facts: HttpsFacts) -> Iterator[Finding]:
    """Each host has an address."""
    lost = [host for host, found in facts.addresses.items() if not found]
    for host in lost:
        remedy = f"Have DNS lead {host} to this server (A, AAAA), or take it from TLS_HOSTS"
        yield warning("dns", f"{host} is not found by DNS", remedy)
    if facts.addresses and not lost:
        found = "; ".join(f"{h} at {', '.join(a)}" for h, a in facts.addresses.items())
        yield ok("dns", found)


def challenge(facts: HttpsFacts) -> Iterator[Finding]:
    """An ACME server that asks on port 80 of each host finds this nginx."""
    wrong = {host: answer for host, answer in facts.answers.items() if answer != OURS}
    for host, answer in wrong.items():
        yield warning(
            "challenge",
            f"http://{host} does not lead to this nginx, as seen from here: {answer}",
            f"Is {', '.join(facts.addresses[host])} this server, and port 80 open to it "
            "(firewall, router)? fream reload, if TLS_HOSTS was just changed",
        )
    if facts.answers and not wrong:
        yield ok("challenge", "Port 80 of every host leads to this nginx")


def certificates(facts: HttpsFacts) -> Iterator[Finding]:
    """Each host has a certificate that clients trust, for long enough."""
    if facts.trouble:
        yield warning("certificate", facts.trouble, "fream reload")
        return
    wrong = [row for row in facts.rows if row.verdict is not Verdict.OK]
    for row in wrong:
        verdict = fails if row.verdict in _UNSERVED else warning
        yield verdict("certificate", f"{row.host}: {row.summary}", _remedy(row))
    if not wrong:
        yield ok("certificate", f"{total(facts.rows)}; the next to expire: {_first(facts)}")


def _remedy(row: HostCertificate) -> str:
    if row.source == "own":
        return f"Put a new one in the place of TLS_CERTIFICATE and TLS_KEY, then: {_RENEW}"
    return row.hint or f"{_RENEW} {row.host}"


def _first(facts: HttpsFacts) -> str:
    row = min(facts.rows, key=lambda row: row.days_left or 0)
    return f"{row.host} in {count(row.days_left or 0, 'day')}"


def shown(facts: HttpsFacts) -> Iterator[Finding]:
    """nginx shows each certificate that the keeper put in place."""
    asked = (row for row in facts.rows if row.sha256 and row.host in facts.shown)
    placed = {row.host: row.sha256 for row in asked}
    wrong = [host for host, sha256 in placed.items() if facts.shown[host] != sha256]
    for host in wrong:
        what = "another certificate than acme put in place" if facts.shown[host] else "none"
        remedy = "fream reload; if it stays so, is HTTPS_PORT nginx's own? fream logs nginx"
        yield fails("shown", f"What nginx shows for {host}: {what}", remedy)
    if placed and not wrong:
        yield ok("shown", "nginx shows each certificate that acme put in place")


def keys(facts: HttpsFacts) -> Finding:
    """nginx's workers, and no other user, may read the keys."""
    if facts.uid != facts.wanted_uid:
        text = f"Keys are for user {facts.wanted_uid}, and nginx's workers are user {facts.uid}"
        return fails(
            "keys", text, f"Set NGINX_UID={facts.uid} in .env, then: fream up infra --recreate"
        )
    return ok("keys", f"nginx's workers, user {facts.uid}, may read them")
