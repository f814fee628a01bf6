"""What went wrong, in an operator's words: what failed, why, and what to do."""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from client import Ended
from wanted import HTTP, Wanted

_AGAIN = "then type: fream certificates renew"
_ANEW = "fream up infra --recreate"  # what is set of this container, it finds when it is made anew
_WAITS = "Nothing needs to be done: it is tried again by itself"
_SHOWN = 300  # characters of what an ACME server says


@dataclass(frozen=True)
class Complaint:
    """One line, and what to do. not_before: a moment before which no try can succeed, in UTC."""

    error: str
    hint: str
    not_before: datetime | None = None


NO_NGINX = Complaint(
    "nginx does not answer for challenges, so the ACME server has not been asked yet",
    "Look at: fream status. It is tried again every few seconds",
)

# A word of the ACME server, or how certbot ends; what is said of it, and what to do. The first
# that fits is it. {host}, {server}, {plugin}, and {said}, the server's own words.
_KINDS = {
    "rateLimited": (
        "{server} takes no more orders for now (rate limit): {said}",
        f"{_WAITS}; what is in place stays. Each order counts, so do not force it",
    ),
    "dns": (
        "{server} does not find {host} in DNS: {said}",
        f"Let the A and AAAA records of {{host}} lead to this server, {_AGAIN}",
    ),
    "connection": (
        "{server} does not reach {host} on port 80: {said}",
        "Let the A and AAAA records of {host} lead to this server, and port 80 be open in the "
        f"firewall, {_AGAIN}",
    ),
    "unauthorized": (
        "{server} got another answer from {host} than this server's: {said}",
        "{host} leads to another server, or a proxy in front answers itself: let its records "
        f"lead here, {_AGAIN}",
    ),
    "caa": (
        "DNS forbids {server} to certify {host} (CAA): {said}",
        f"Name this certificate authority in the CAA record of {{host}}, {_AGAIN}",
    ),
    "rejectedIdentifier": (
        "{server} does not certify {host}: {said}",
        "Take the name out of TLS_HOSTS, or name another server in ACME_SERVER",
    ),
    "externalAccountRequired": (
        "{server} wants an account of its own (external account binding)",
        f"Set ACME_EAB_KID and ACME_EAB_KEY_FILE in .env to what it gave you, then type: {_ANEW}",
    ),
    "invalidContact": (
        "{server} does not take the e-mail address: {said}",
        "Set TLS_EMAIL in .env to another one, then type: fream reload",
    ),
    "serverInternal": ("{server} has a fault of its own: {said}", _WAITS),
}
_KINDS |= {"unsupportedContact": _KINDS["invalidContact"], "tls": _KINDS["connection"]}
_UNKNOWN_KIND = ("{server} refused: {said}", _WAITS)
_EAB = (
    "{server} does not know the account that it is to bind (external account binding)",
    f"Compare ACME_EAB_KID and ACME_EAB_KEY_FILE in .env with what it gave you, then type: {_ANEW}",
)
_DNS_CHALLENGE = (
    "{server} did not see the record that proves {host}: {said}",
    "Look whether the zone of {host} is at this DNS provider; where records are slow, set "
    f"ACME_DNS_SECONDS in .env, then type: {_ANEW}",
)
_WORDS: tuple[tuple[str, tuple[str, str]], ...] = (
    (r"requires external account binding", _KINDS["externalAccountRequired"]),
    (
        r"external account binding|'kid' references|Unable to register.*(eab|external account)"
        r"|binascii\.Error",
        _EAB,
    ),
    (
        r"No space left on device|Errno 28",
        ("The disk with TLS_DIR is full", f"Free some space, {_AGAIN}"),
    ),
    (
        r"Read-only file system|Errno 30|Permission denied|Errno 13",
        ("The folder TLS_DIR cannot be written to", f"Look at its owner and mount, {_AGAIN}"),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED\].*(not yet valid|has expired)",
        (
            "The certificate of {server} is out of its time: this server's clock may be wrong",
            f"Set the clock (timedatectl shows it), {_AGAIN}",
        ),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        (
            "{server} is not trusted: no known authority stands for its own certificate",
            f"For a server of your own set ACME_CA_FILE in .env to its root, then type: {_ANEW}",
        ),
    ),
    (
        r"plugin does not appear to be installed|[Uu]nrecognized arguments?: --dns",
        (
            "The ACME client has no plugin {plugin}",
            "Set ACME_IMAGE in .env to the client's image with this plugin, such as "
            f"certbot/{{plugin}}:v5.8.0, then type: {_ANEW}",
        ),
    ),
    (
        r"credentials|Encountered error when|Unable to determine (base|zone)"
        r"|Received response from server: |Error (adding|determining|finding|communicating)",
        (
            "The DNS provider did not take the record that proves {host}: {said}",
            "Look at the file that ACME_DNS_CREDENTIALS names, and whether the zone of {host} "
            f"is there, {_AGAIN}",
        ),
    ),
    (
        r"NameResolutionError|Failed to resolve|Temporary failure in name resolution",
        (
            "{server} is not found in DNS from this server",
            f"Look at ACME_SERVER in .env, and at this server's DNS, {_AGAIN}",
        ),
    ),
    (
        r"Connection refused|NewConnectionError|Network is unreachable|ConnectTimeout"
        r"|timed out|ReadTimeout|Connection aborted|RemoteDisconnected|Connection reset",
        (
            "{server} does not answer",
            f"Nothing needs to be done if it is down; else look at ACME_SERVER in .env and at "
            f"this server's way out, {_AGAIN}",
        ),
    ),
    (
        r"WRONG_VERSION_NUMBER|SSLError|Content-Type|JSONDecodeError|Directory field|KeyError"
        r"|ClientError|Expecting value|BadNonce",
        (
            "{server} does not answer as an ACME server does",
            f"Look at ACME_SERVER in .env: it must be the address of the directory. {_WAITS}",
        ),
    ),
    (
        r"too many|rate.?limit|Service busy|retry after",
        _KINDS["rateLimited"],
    ),
    (
        r"Another instance of Certbot",
        ("Another run of the ACME client is not done", _WAITS),
    ),
)
_FILES = re.compile(
    r"(live|archive) directory exists for|renewal config(uration)? file .* (is broken|is missing)"
    r"|parsefail|CertStorageError|expected .* to be a symlink|Failed to find.*privkey"
)
_RETRY_AFTER = re.compile(r"retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
_LOOKS_INSIDE = "The log of the container acme has what the client printed"


def is_about_files(output: str) -> bool:
    """Whether certbot fails for its own files."""
    return bool(_FILES.search(output))


def of_run(ended: Ended, host: str, wanted: Wanted) -> Complaint:
    """What a run of certbot that failed says."""
    said = _said(ended.output)
    error, hint = _row(ended, wanted)
    server = urlsplit(wanted.server).netloc or wanted.server
    fields = {"host": host, "server": server, "plugin": wanted.challenge, "said": said}
    return Complaint(error.format(**fields), hint.format(**fields), _not_before(ended.output))


def _row(ended: Ended, wanted: Wanted) -> tuple[str, str]:
    if ended.late:
        return "The ACME client did not come to an end, and was stopped", _WAITS
    if ended.code == 0:
        return "The ACME client ended well, and left no certificate", _LOOKS_INSIDE
    if challenge := re.search(r"^\s*Type:\s+(\w+)$", ended.output, re.MULTILINE):
        if wanted.challenge != HTTP and challenge[1] in ("dns", "unauthorized", "connection"):
            return _DNS_CHALLENGE
        if re.search(r"could not resolve|NXDOMAIN|no such host|SERVFAIL", ended.output):
            return _KINDS["dns"]
        return _KINDS.get(challenge[1], _UNKNOWN_KIND)
    for words, row in _WORDS[:2]:
        if re.search(words, ended.output):
            return row
    if ended.kind:
        return _KINDS.get(ended.kind, _UNKNOWN_KIND)
    found = (row for words, row in _WORDS if re.search(words, ended.output))
    return next(found, ("The ACME client failed: {said}", _LOOKS_INSIDE))


def _said(output: str) -> str:
    """The one line of the output that says the most, without the names of Python."""
    detail = re.findall(r"^\s*Detail: (.*)$", output, re.MULTILINE)
    line = detail[0] if detail else next(_telling(output), "no reason given")
    line = re.sub(r"^(([a-z_]+\.)+[A-Z]\w*|[A-Z]\w*(Error|Exception|Timeout)): ?", "", line.strip())
    return line[:_SHOWN].rstrip(".").replace("{", "(").replace("}", ")")


def _telling(output: str) -> Iterator[str]:
    """Lines from the last on, without those that certbot adds to each failure."""
    noise = (
        "Ask for help", "Saving debug", "Some challenges", "An unexpected error", "Hint:",
        "Requesting a certificate", "Account registered", "Unsafe permissions",
    )  # fmt: skip
    for line in reversed(output.splitlines()):
        if line.strip() and not line.strip().startswith(noise):
            yield line


def _not_before(output: str) -> datetime | None:
    found = _RETRY_AFTER.search(output)
    try:
        return (
            datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC) if found else None
        )
    except ValueError:
        return None


def of_system(error: OSError) -> Complaint:
    """What this server's disk says."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Complaint("The disk with TLS_DIR is full", f"Free some space, {_AGAIN}")
    reason = error.strerror or type(error).__name__
    hint = f"Look at its owner and mount, {_AGAIN}"
    return Complaint(f"The folder TLS_DIR cannot be written to: {reason}", hint)


def hint_of(bad: Exception) -> str:
    """What to do when a pair was not put in place. What is in place stays."""
    if "clock" in str(bad) or "expired" in str(bad):
        return f"Look at this server's clock (timedatectl shows it), {_AGAIN}"
    return f"What is in place stays. Look at the certificate, {_AGAIN}"
