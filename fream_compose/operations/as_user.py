"""What users get: one request through nginx, asked as one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fream_compose import http
from fream_compose.docker.project import Project
from fream_compose.errors import EngineError, ProxyError
from fream_compose.nginx.access_log import LOOKING
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.service import Service
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.health_settings import Health
from fream_compose.project.layout import HTTPS
from fream_compose.project.live_record import checks_as
from fream_compose.project.release_services import APP
from fream_compose.release import SetName
from fream_compose.text import one_line

_SECONDS = 2.0
_MOVED = (301, 302, 307, 308)
_ERROR, _CLOSED = 500, 503


@dataclass(frozen=True)
class UsersGet:
    """What a user's request is answered: in words, and the status of HTTP, 0 without an answer.

    good: whether that is what the live release's health check wants of this path.
    """

    text: str
    status: int = 0
    good: bool = False

    @property
    def served(self) -> bool:
        """Whether it is an answer of the app's, of whatever kind, and no failure."""
        return self.good or 0 < self.status < _ERROR


def ask(project: Project, proxy: Proxy, seen: Snapshot) -> UsersGet | None:
    """Ask once, with two seconds for an answer, where users reach nginx.

    Where it is published nowhere, through its control port. None where that tells nothing: users
    of gRPC do not ask so, and nobody knows how long a path takes that no health check asks.
    """
    health, judged = _health(project, seen)
    if health.by == "grpc":
        return None
    headers = {"User-Agent": LOOKING, **(health.headers if judged else {})}
    path = health.path if judged else "/"
    try:
        status = _status(project, proxy, seen, path, headers)
    except http.TooLate:
        return UsersGet(f"no answer for {_SECONDS:g} s") if judged else None
    except http.Unreachable as error:
        return UsersGet(str(error))
    except (EngineError, ProxyError) as error:
        return UsersGet(f"no answer: {one_line(error.why or error.what)}")
    good = health.accepts(status) if judged else status < _ERROR
    closed = " (maintenance)" if seen.closed and status == _CLOSED else ""
    return UsersGet(f"HTTP {status}{closed}", status, good)


def _status(
    project: Project, proxy: Proxy, seen: Snapshot, path: str, headers: Mapping[str, str]
) -> int:
    """The status of the answer, behind the way from HTTP to HTTPS. Raises http.Unreachable."""
    urls = seen.http_urls or project.settings.http_urls
    hosts = [host.replace("*", "fream", 1) for host in project.settings.switch.tls.hosts]
    by_tls = _place(seen) if hosts else None
    if not (urls or by_tls):
        name = seen.live.set if seen.live else SetName.SET1
        return proxy.ask(name, path, _SECONDS, headers).status
    host = headers.get("Host", hosts[0] if hosts else "")
    if urls:
        url = min(urls, key=lambda url: urlsplit(url).port or 0)
        answer = http.get(f"{url}{path}", _SECONDS, {**headers, **({"Host": host} if host else {})})
        if not (answer.status in _MOVED and answer.location.startswith("https://")):
            return answer.status
    return http.status_by_tls(by_tls, host, path, _SECONDS, headers) if by_tls else answer.status


def _place(seen: Snapshot) -> tuple[str, int] | None:
    """Where nginx is reached by HTTPS; None where it is not."""
    nginx = (c for c in seen.conditions if c.service == "nginx")
    found = (c.place(HTTPS) for c in nginx if any(inner == HTTPS for inner, _, _ in c.reached))
    return next(found, None)


def _health(project: Project, seen: Snapshot) -> tuple[Health, bool]:
    """How the live release's app was found good, and whether that is a question that users ask."""
    name = seen.live.set if seen.live else SetName.SET1
    notes, settings = project.settings.state.notes, project.settings
    version = str(seen.holds.get(name) or (seen.live.version if seen.live else ""))
    health = checks_as(notes.checked(name, version), settings)[APP]
    app = Service(project, name, APP)
    return health, health.by == "http" and app.serves_at(health.port)
