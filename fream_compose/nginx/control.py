"""What nginx itself says: what is live, on its control port, and which workers it has.

Its answer is the truth about what is live.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from fream_compose import foreign, http
from fream_compose.errors import FreamError, ProxyError, ProxySilentError
from fream_compose.nginx import certificates, key
from fream_compose.nginx.include import release_of
from fream_compose.nginx.maintenance import CLOSED, UNKNOWN
from fream_compose.nginx.routes import PLAIN, Routes
from fream_compose.release import LiveRelease, SetName
from fream_compose.waiting import wait_until

_ANSWER_SECONDS = 3.0
_POLL_SECONDS = 0.3
_IS_BUSY, _IS_IDLE = 503, 204


class Listed(Protocol):
    """A container, as far as it matters here: of which Compose service, and whether it runs."""

    @property
    def service(self) -> str: ...
    @property
    def state(self) -> str: ...


class NginxContainer(Protocol):
    """What nginx's container is asked for; `Containers` in life, a fake in unit tests."""

    def all(self) -> Sequence[Listed]: ...
    def control_port(self) -> int: ...
    def execute(self, container: str, command: list[str]) -> str: ...
    def signal(self, container: str, name: str) -> None: ...
    def processes(self, container: str) -> dict[int, str]: ...
    def logs(self, container: str, lines: int = ...) -> tuple[str, ...]: ...
    def try_out(self, container: str, command: list[str]) -> str: ...
    def started(self, pid: int) -> float | None: ...


@dataclass(frozen=True)
class ProxyState:
    """nginx's own answer: what is live (None before the first release) and its version.

    maintenance: the id of the maintenance that closes the app; empty when there is none.
    allows: the id of the one whose allow list nginx has read; empty when there is none.
    routed: the set that a request goes to; empty before the first release. worker: the id, in
    the container, of the process that answered. looks: whether nginx looks at the link at
    each request, as it does since it read this version's files. routes: the mark of those that
    it has read.
    """

    live: LiveRelease | None
    nginx_version: str
    maintenance: str = ""
    allows: str = ""
    routed: str = ""
    worker: str = ""
    looks: bool = True
    routes: str = ""


class Control:
    """An nginx that is asked and signalled.

    name: its container's. directory: its configuration on this server, mounted at
    /etc/nginx. clock: seconds that only go forward, for deadlines. routes: that the settings
    ask for.
    """

    def __init__(
        self,
        container: NginxContainer,
        name: str,
        directory: Path,
        clock: Callable[[], float],
        routes: Routes = PLAIN,
    ) -> None:
        self._container = container
        self._name = name
        self._directory = directory
        self._clock = clock
        self.routes = routes

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._container.control_port()}"

    def state(self) -> ProxyState:
        """Ask nginx what it serves. Raises ProxySilentError, or ProxyError for nonsense."""
        if not self._container.control_port():
            why = "It does not run, or Docker does not say where its control port is"
            raise ProxySilentError("nginx cannot be asked", why, next_step="fream up")
        return ask(self._url, key.header(self._directory))

    def answers_within(self, seconds: float, pause: Callable[[float], None]) -> bool:
        """Whether nginx gives an answer before the time is up."""
        deadline = self._clock() + seconds
        return wait_until(self._answers_now, deadline, self._clock, pause, _POLL_SECONDS)

    def _answers_now(self) -> bool:
        try:
            self.state()
        except ProxySilentError:
            return False
        return True

    def ask(
        self,
        name: SetName,
        path: str,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        check: Callable[[], None] = lambda: None,
        service: str = "",
    ) -> http.Answer:
        """GET a path from a set through nginx, live or not. Raises http.Unreachable.

        timeout and check: as those of http.get(). service: another public one than the app.
        """
        carried = {**(headers or {}), **key.header(self._directory)}
        place = f"service/{service}/{name}" if service else name
        return http.get(f"{self._url}/{place}{path}", timeout, carried, check)

    def certificates(self) -> certificates.Kept:
        """The certificates that nginx has, as their keeper noted them. Raises ProxyError."""
        return certificates.ask(self._url, key.header(self._directory))

    def routes_pending(self) -> bool:
        """Whether nginx has not read the routes that the settings ask for. Raises ProxyError."""
        return self.state().routes != self.routes.mark

    def _services(self, live: LiveRelease | None) -> tuple[str, ...]:
        """The public services beside the app that run in a release's set. Raises EngineError."""
        members = self.routes.members.get(live.set, {}) if live else {}
        if not members:
            return ()
        running = {c.service for c in self._container.all() if c.state == "running"}
        return tuple(name for name, service in members.items() if service in running)

    def busy(self, name: SetName) -> bool:
        """Whether a request that was given to a set is still in flight, in any worker.

        From its head to the last byte of its answer. Raises ProxyError.
        """
        url = f"{self._url}/busy/{name}"
        try:
            told = http.get(url, _ANSWER_SECONDS, key.header(self._directory)).status
        except http.Unreachable as error:
            raise _silent(url, error) from error
        if told not in (_IS_BUSY, _IS_IDLE):
            raise ProxyError(
                f"nginx does not say whether {name} is busy",
                f"{url}: HTTP {told}",
                next_step=f"fream reload; are nginx's files those of {self._directory}?",
            )
        return told == _IS_BUSY

    def _hup(self) -> None:
        """Tell nginx to read its files again; it may refuse. Raises EngineError."""
        self._container.signal(self._name, "HUP")

    def workers(self) -> dict[int, bool]:
        """nginx's worker processes: id to whether it still takes new connections."""
        processes = self._container.processes(self._name)
        return {
            pid: "shutting down" not in title
            for pid, title in processes.items()
            if "worker process" in title
        }

    def _accepting(self) -> set[int]:
        """The ids of the workers that take new connections."""
        return {pid for pid, accepts in self.workers().items() if accepts}

    def read_at(self) -> float | None:
        """When nginx last read its files, in seconds since 1970; None if unknown."""
        moments = [at for pid in self._accepting() if (at := self._container.started(pid))]
        # A worker that crashed was started again, but did not read the files.
        return min(moments, default=None)


def ask(control_url: str, headers: Mapping[str, str] | None = None) -> ProxyState:
    """Ask the nginx behind a control port what it serves. Raises as Control.state() does.

    headers: with its key; without it, a maintenance has no id.
    What it names and where it sends a request are two looks, between which a cut-over may
    fall: where they differ twice, nothing is known to be live.
    """
    url = f"{control_url}/live"
    for _ in range(2):
        state = _answer(url, headers)
        if state.live is None or state.routed == state.live.set:
            return state
    return replace(state, live=None)


def _answer(url: str, headers: Mapping[str, str] | None) -> ProxyState:
    try:
        found = http.get(url, _ANSWER_SECONDS, headers)
        state = foreign.of_json(found.body, lambda answer: _state(answer, found.headers))
        closed = found.headers.get("x-maintenance-page", "").startswith(CLOSED)
        return replace(state, maintenance=_closed_by(url, headers)) if closed else state
    except http.Unreachable as error:
        raise _silent(url, error) from error
    except (ValueError, FreamError) as error:
        raise ProxyError(
            f"What answers at {url} does not say what is live",
            str(error),
            next_step=f"curl {url}; is CONTROL_PORT in .env nginx's own?",
        ) from error


def _state(answer: Mapping[str, Any], said: Mapping[str, str]) -> ProxyState:
    """What the body and the headers of nginx's answer say."""
    live = release_of(answer["set"], answer["version"], answer["switch"])
    looks = "nginx" not in answer
    allows = str(said.get("x-maintenance", answer.get("maintenance", "")))
    return ProxyState(
        live,
        str(said.get("x-nginx") or answer["nginx"]),
        allows,
        allows,
        # nginx leaves a header out that is empty.
        said.get("x-live-set", "") if looks else str(answer["set"]),
        said.get("x-worker", ""),
        looks,
        said.get("x-routes", ""),
    )


def _closed_by(url: str, headers: Mapping[str, str] | None) -> str:
    """The id of the maintenance that closes the app to everybody."""
    told = http.get(f"{url.removesuffix('/live')}/maintenance", _ANSWER_SECONDS, headers)
    with suppress(ValueError):
        return foreign.of_json(told.body, lambda note: str(note["id"]))
    return UNKNOWN


def _silent(url: str, error: http.Unreachable) -> ProxySilentError:
    return ProxySilentError(f"nginx does not answer at {url}", str(error), next_step="fream up")
