"""What nginx gets of a set that nobody is sent to yet."""

from collections.abc import Callable

from fream_compose import http
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations import hints
from fream_compose.operations.health import Seen, describe
from fream_compose.operations.kinds import of_answer
from fream_compose.operations.service import Service
from fream_compose.project.health_settings import Health

_OF_NGINX = (502, 504)
# nginx itself answers within three where it gets no connection: it looks the name up for two
# at most, and connects for one. So long it only waits for what it has connected to.
CONNECTED_SECONDS = 4.0


class ThroughNginx:
    """Asks a public service of a set through nginx's control port.

    Where its health is no question over HTTP to the port that users reach, there is no answer
    to judge: it may speak FastCGI or gRPC. What is known then is whether nginx gets a
    connection to it.
    """

    def __init__(self, proxy: Proxy, service: Service, health: Health) -> None:
        self._proxy = proxy
        self._service = service
        self._health = health
        self._judged = health.by == "http" and service.serves_at(health.port)

    @property
    def where(self) -> str:
        """What is asked, for a person who reads of it."""
        name = self._service.set
        if self._judged:
            return f"GET {self._health.path} from {name} through nginx"
        return f"A connection of nginx to {name}"

    def look(self, seconds: float, check: Callable[[], None]) -> Seen:
        """Ask once."""
        service, health = self._service, self._health
        beside = "" if service.is_app else service.name
        limit = seconds if self._judged else CONNECTED_SECONDS
        try:
            answer = self._proxy.ask(service.set, health.path, limit, health.headers, check, beside)
        except http.Unreachable as error:
            # nginx hands on what is no HTTP, too.
            reached = not self._judged and isinstance(error, http.Garbled | http.TooLate)
            return Seen("nginx reaches it") if reached else self._silent(error)
        if beside and "x-upstream" not in answer.headers:
            return Seen("nginx has no route to it yet")
        if self._judged:
            return of_answer(answer, health, self._service.name)
        if answer.status in _OF_NGINX and not answer.connected:
            return Seen(
                fault=describe(answer), hint=lambda: hints.of_answer(answer, self._service.name)
            )
        return Seen("nginx reaches it")

    def _silent(self, error: http.Unreachable) -> Seen:
        fault = str(error)
        return Seen(fault=fault, hint=lambda: hints.of_silence(self._service, 0, fault))
