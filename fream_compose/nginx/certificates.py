"""The certificates that nginx shows: what their keeper noted of each, and what that means."""

import hashlib
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from fream_compose import foreign, http
from fream_compose.errors import ProxyError, ProxySilentError
from fream_compose.release import read_moment
from fream_compose.text import clean

SELF_SIGNED = "self-signed"
# It is renewed when a third of its life is left: at a quarter somebody must see to it.
_SHARE_LEFT, _MOST_LEFT = 4, timedelta(days=21)
_ANSWER_SECONDS = 3.0
_OK, _NOT_FOUND = 200, 404
_LARGEST = 4_194_304  # bytes of the note, of thousands of names
_LONGEST = 600  # characters of what an ACME server says, and what to do


class Verdict(StrEnum):
    """How a name fares; the first that is true."""

    MISSING = "missing"
    EXPIRED = "expired"
    SELF_SIGNED = "self-signed"
    EXPIRES = "expires soon"
    FAILED = "last try failed"
    OK = "ok"


@dataclass(frozen=True)
class Certificate:
    """What is in place for a name, as the keeper noted it.

    source, not_before, not_after: empty and None where nothing is. names: that it is good for.
    sha256: of the whole of it, in hexadecimal. tried: when the
    keeper last asked for one. failures: in a row. error: of the last try, empty after one that
    went well. hint: what to do about it. next: when the keeper tries again.
    """

    source: Literal["acme", "own", "self-signed", ""]
    issuer: str
    names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None
    sha256: str
    tried: datetime | None = None
    failures: int = 0
    error: str = ""
    hint: str = ""
    next: datetime | None = None

    def days_left(self, now: datetime) -> int | None:
        """Whole days for which it is good; negative once it has expired, None for nothing."""
        return (self.not_after - now).days if self.not_after else None

    def verdict(self, now: datetime) -> Verdict:
        """How it fares at a moment, which has an offset."""
        if self.not_before is None or self.not_after is None:
            return Verdict.MISSING
        left = self.not_after - now
        if left <= timedelta(0):
            return Verdict.EXPIRED
        if self.source == SELF_SIGNED:
            return Verdict.SELF_SIGNED
        if left < min((self.not_after - self.not_before) / _SHARE_LEFT, _MOST_LEFT):
            return Verdict.EXPIRES
        return Verdict.FAILED if self.error else Verdict.OK


@dataclass(frozen=True)
class Kept:
    """All that the keeper noted. server: the directory of the ACME server that it asks."""

    server: str
    hosts: Mapping[str, Certificate]

    def verdict(self, host: str, now: datetime) -> Verdict:
        """How a name fares."""
        found = self.hosts.get(host)
        return found.verdict(now) if found else Verdict.MISSING


NONE = Kept("", {})


def ask(control_url: str, headers: Mapping[str, str]) -> Kept:
    """Ask the nginx behind a control port what the keeper noted; nothing before it did.

    headers: with nginx's key. Raises ProxySilentError, or ProxyError for nonsense.
    """
    url = f"{control_url}/certificates"
    try:
        found = http.get(url, _ANSWER_SECONDS, headers, longest=_LARGEST)
    except http.Unreachable as error:
        raise ProxySilentError(
            f"nginx does not answer at {url}", str(error), next_step="fream up infra"
        ) from error
    if found.status == _NOT_FOUND:
        return NONE
    try:
        if found.status != _OK or found.cut:
            raise ValueError("it is too long" if found.cut else f"HTTP {found.status}")
        return read(found.body)
    except ValueError as error:
        raise ProxyError(
            "nginx does not say which certificates it has",
            f"{url}: {error}",
            next_step="fream reload, as the user who owns the project",
        ) from error


def read(text: str | bytes) -> Kept:
    """What the keeper's note says. Raises ValueError for what is no such note."""
    return foreign.of_json(text, _kept)


def _kept(told: Mapping[str, Any]) -> Kept:
    if told["schema"] != 1:
        raise ValueError("it is written by another fream")
    return Kept(
        _line(told["server"]), {_line(h): _certificate(c) for h, c in told["hosts"].items()}
    )


def _certificate(told: Mapping[str, Any]) -> Certificate:
    return foreign.made(
        Certificate,
        source=told["source"],
        issuer=_line(told["issuer"]),
        names=tuple(map(_line, told["names"])),
        not_before=_moment(told["not_before"]),
        not_after=_moment(told["not_after"]),
        sha256=_line(told["sha256"]),
        tried=_moment(told.get("tried")),
        failures=told.get("failures", 0),
        error=_line(told.get("error", "")),
        hint=_line(told.get("hint", "")),
        next=_moment(told.get("next")),
    )


def _moment(told: Any) -> datetime | None:
    return None if told is None else read_moment(told)


def _line(told: Any) -> str:
    if not isinstance(told, str):
        raise ValueError(f"{told!r:.80} is no text")
    return " ".join(clean(told).split())[:_LONGEST]


def served(host: str, place: tuple[str, int], seconds: float = _ANSWER_SECONDS) -> str:
    """The sha256 of the certificate that is shown for a name at an address and port; or empty.

    It is looked at only, so it is not verified. Raises OSError where nobody listens.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # Any subdomain will do for a wildcard.
    name = host.replace("*", "fream", 1)
    with (
        suppress(ssl.SSLError),
        socket.create_connection(place, seconds) as plain,
        context.wrap_socket(plain, server_hostname=name) as shown,
    ):
        return hashlib.sha256(shown.getpeercert(binary_form=True) or b"").hexdigest()
    return ""
