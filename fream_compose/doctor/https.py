"""What there is to know of HTTPS: names, who answers for them, and what nginx shows."""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Thread
from time import monotonic
from typing import TypeVar

from fream_compose import http
from fream_compose.docker.project import Project
from fream_compose.errors import EngineError, FreamError
from fream_compose.nginx.certificates import served
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.certificates import HostCertificate, certificates_of
from fream_compose.operations.keeper import SERVICE
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.layout import HTTPS
from fream_compose.project.tls_settings import HTTP

_SECONDS = 5.0  # for all hosts, who are asked at the same time
_CHALLENGE = "http://{}/.well-known/acme-challenge/fream"
_UID = "101"  # of nginx's workers, by the Compose files
OURS = "ours"
T = TypeVar("T")


@dataclass(frozen=True)
class HttpsFacts:
    """HTTPS of a project.

    rows: how each certificate fares. trouble: why that is not known. server: the directory of
    the ACME server, as the keeper noted it. keeps: whether the keeper runs. addresses: of each
    host, by DNS; none for one that is not found. answers: who answers where an ACME server
    asks: `ours`, or what came instead. shown: by host the sha256 of what nginx shows, or empty;
    only of those that could be asked. uid, wanted_uid: of nginx's workers, and of who may read
    the keys; uid is empty where it is not known.
    """

    rows: tuple[HostCertificate, ...] = ()
    trouble: str = ""
    server: str = ""
    keeps: bool = True
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    uid: str = ""
    wanted_uid: str = _UID


def https_facts(project: Project, proxy: Proxy, snapshot: Snapshot) -> HttpsFacts | None:
    """Look at HTTPS; None where it is off, or nginx does not answer."""
    tls = project.settings.switch.tls
    if not tls.hosts or snapshot.silent:
        return None
    names = [host for host in tls.hosts if "*" not in host]
    addresses = at_once(names, _addresses, _SECONDS)
    found = HttpsFacts(
        keeps=any((c.service, c.state) == (SERVICE, "running") for c in snapshot.containers),
        addresses={host: addresses.get(host, ()) for host in names},
        shown=_shown(tls.hosts, snapshot),
        uid=_uid(project),
        wanted_uid=project.env.get("NGINX_UID") or _UID,
    )
    try:
        if (tls.source, tls.challenge) == ("acme", HTTP):
            asked, mark = [host for host in names if addresses.get(host)], proxy.state().routes
            answers = at_once(asked, lambda host: _answer(host, mark), 2 * _SECONDS)
            found = replace(found, answers={h: answers.get(h, "no answer") for h in asked})
        kept = proxy.certificates()
    except FreamError as error:
        return replace(found, trouble=f"{error}: {error.why}")
    rows = certificates_of(tls, kept, datetime.now(UTC))
    return replace(found, rows=rows, server=kept.server)


def at_once(hosts: Sequence[str], ask: Callable[[str], T], seconds: float) -> dict[str, T]:
    """What each host's question is answered, of those that are in time."""
    answers: dict[str, T] = {}

    def note(host: str) -> None:
        answers[host] = ask(host)

    # DNS has no time limit of ours, so that none is waited for who is late.
    threads = [Thread(target=note, args=(host,), daemon=True) for host in hosts]
    deadline = monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    return dict(answers)


def _addresses(host: str) -> tuple[str, ...]:
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
        return tuple(sorted({str(each[4][0]) for each in found}))
    return ()


def _answer(host: str, mark: str) -> str:
    try:
        found = http.get(_CHALLENGE.format(host), _SECONDS)
    except http.Unreachable as error:
        return str(error)
    return OURS if mark and found.body.strip() == mark else f"HTTP {found.status} of another server"


def _shown(hosts: Sequence[str], snapshot: Snapshot) -> dict[str, str]:
    nginx = (c for c in snapshot.conditions if c.service == "nginx")
    listens = (c for c in nginx if any(inner == HTTPS for inner, _, _ in c.reached))
    place = next((c.place(HTTPS) for c in listens), None)
    if not place:
        return {}

    def shown(host: str) -> str:
        with suppress(OSError):
            return served(host, place)
        return ""

    return dict.fromkeys(hosts, "") | at_once(hosts, shown, _SECONDS)


def _uid(project: Project) -> str:
    with suppress(EngineError):
        return project.containers.execute(
            project.settings.nginx_container, ["id", "-u", "nginx"]
        ).strip()
    return ""
