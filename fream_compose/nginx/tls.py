"""HTTPS as nginx reads it: a server for each name, the way to it from port 80, ACME's proof.

Certificate and key lie in a folder that a link in /tls/live names: one rename of it changes
both, and nginx, which looks at each handshake, is not reloaded. Nothing that a client sends is
part of a path, and each server's root is an empty folder, so that none can serve a key.
"""

import json
import re
from dataclasses import dataclass, field

from fream_compose.project.layout import HTTPS
from fream_compose.project.settings import Settings
from fream_compose.project.tls_settings import Tls

HEAD = "# Written by fream from x-fream; what is edited here is lost.\n"
CHALLENGE, _REDIRECT, _SERVER = "challenge.inc", "redirect.inc", "tls.inc"
_KEEPER = "certificates.json"
_HASHED = 40  # characters of a name that are in nginx's tables without more room for them
# Mozilla's intermediate configuration, guideline 6.0, but for its groups: those are OpenSSL's
# own, with the same first ones, as an older OpenSSL refuses the name of X25519MLKEM768.
_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
# A map, as it stays the same for both files of a handshake.
_PAIR = """\
map $realpath_root $tls_pair {
    "~^(?<tls_real>/tls/pairs/.+)/www$"  $tls_real;
}
"""
# Who names none of ours sees no certificate, and no host that its connection is not for.
_NOBODY = f"""\
server {{
    listen 443 ssl default_server backlog=4096;
    server_name _;
    include routes/{_SERVER};
    ssl_reject_handshake on;
    uninitialized_variable_warn off;
    return 421;
}}
"""
_EACH = f"""\
{HEAD}http2 on;
ssl_certificate     $tls_pair/fullchain.pem;
ssl_certificate_key $tls_pair/key.pem;
# By its path, which is another one for each pair.
ssl_certificate_cache max=100 inactive=1h valid=1h;
# Mozilla's intermediate configuration, guideline 6.0.
ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers {":".join(_CIPHERS)};
ssl_prefer_server_ciphers off;
ssl_session_cache shared:fream_tls:10m;
ssl_session_timeout 1d;
"""
_PROOF = """\
# The proof that a name is ours: also in maintenance and before the first release.
if ($uri ~ "^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$") {{
    # So that the access log tells these answers from the app's.
    set $live_set acme;
    set $closed   "";
}}
location = /.well-known/acme-challenge/fream {{
    default_type text/plain;
    return 200 "{mark}\\n";
}}
location ^~ /.well-known/acme-challenge/ {{
    root /tls/challenges;
    default_type text/plain;
    log_not_found off;
    auth_basic off;
    allow all;
}}
"""
# Only where browsers take the certificate, which a file beside it says: behind the link, `..`
# is the folder of the pair. An nginx that was made before HTTPS has no port for it, and no link.
_MOVED = """\
if ($live_set = acme) {{
    set $tls_place "";
}}
if (-f $tls_place/../trusted) {{
    # So that the access log tells these answers from the app's.
    set $live_set redirect;
    return 308 https://$host{port}$request_uri;
}}
"""
_DOOR = """\
location = /certificates {
    if (!-f /etc/nginx/.key/$control_key) { return 403; }
    alias /tls/state.json;
    default_type application/json;
    log_not_found off;
}
"""


@dataclass(frozen=True)
class Secure:
    """What HTTPS adds to the routes; nothing without names.

    files: by name, the challenge's still without the mark. servers: for the http block.
    redirect: the line by which a server of port 80 reads the way to HTTPS. door: on the
    control port.
    """

    files: dict[str, str] = field(default_factory=dict)
    servers: str = ""
    redirect: str = ""
    door: str = ""


def of(settings: Settings, hosts: tuple[str, ...]) -> Secure:
    """What HTTPS takes. Pure. hosts: those of the services of a release, with routes of theirs."""
    tls = settings.switch.tls
    if not tls.hosts:
        return Secure()
    files = {CHALLENGE: challenge(""), _SERVER: _EACH, _KEEPER: _for_keeper(tls)}
    parts = [_PAIR, _NOBODY, *(_server(tls, host, hosts) for host in _served(tls, hosts))]
    redirect = ""
    if tls.redirect:
        port = "" if settings.https_port == HTTPS else f":{settings.https_port}"
        files[_REDIRECT] = HEAD + _MOVED.format(port=port)
        parts.append(_places(tls))
        redirect = f"    include routes/{_REDIRECT};\n"
    return Secure(files, "".join(parts), redirect, _DOOR)


def challenge(mark: str) -> str:
    """The file that serves ACME's proofs. mark: of the routes, by which this nginx is known."""
    return HEAD + _PROOF.format(mark=mark)


def certificate_of(tls: Tls, host: str) -> str:
    """The name whose certificate a host is served with: its own, or a wildcard; or empty."""
    wild = f"*.{host.partition('.')[2]}"
    return next((name for name in (host, wild) if name in tls.hosts), "")


def _served(tls: Tls, hosts: tuple[str, ...]) -> list[str]:
    """The hosts with a server; one that nginx has to compare with a pattern comes late."""
    beside = (host for host in hosts if certificate_of(tls, host))
    return sorted(dict.fromkeys((*tls.hosts, *beside)), key=lambda host: host.startswith("*"))


def _server(tls: Tls, host: str, hosts: tuple[str, ...]) -> str:
    place = _place(certificate_of(tls, host) or host)
    ways = f"host-{host}.inc" if host in hosts else "app.conf"
    return (
        f"server {{\n    listen 443 ssl;\n    server_name {server_name(host)};\n"
        f"    root {place};\n    include routes/{_SERVER};\n    include live.inc;\n{_hsts(tls)}"
        "    include site.d/*.conf;\n    include unavailable.inc;\n"
        f"    include routes/{ways};\n}}\n"
    )


def _hsts(tls: Tls) -> str:
    """Also by a variable, as the locations of unavailable.inc inherit no header."""
    if not tls.hsts:
        return ""
    return (
        f'    set $hsts "max-age={tls.hsts}";\n'
        "    add_header Strict-Transport-Security $hsts always;\n"
    )


def server_name(host: str) -> str:
    """A host as nginx's directive of this name takes it, whatever the room of its tables."""
    plain = "*" not in host and len(host) <= _HASHED
    return host if plain else f'"~^{_pattern(host)}$"'


def _pattern(host: str) -> str:
    """One label for the star, as certificates mean it."""
    return re.escape(host).replace(r"\*", "[^.]+").replace(r"\-", "-")


def _place(name: str) -> str:
    return f"/tls/live/{name.replace('*', '_')}"


def _places(tls: Tls) -> str:
    """Where the certificate is of a host to which a user came by HTTP."""
    rows = "".join(
        f'    "~^http:{_pattern(host)}$"  {_place(host)};\n' for host in _served(tls, ())
    )
    return f'map "$forwarded_proto:$host" $tls_place {{\n{rows}}}\n'


def _for_keeper(tls: Tls) -> str:
    told = {name: getattr(tls, name) for name in ("email", "server", "challenge", "source")}
    return json.dumps({"hosts": list(tls.hosts), **told}, indent=1) + "\n"
