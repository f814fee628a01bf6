"""What can be said of a project whose settings cannot be read: what runs, and nginx's answer."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fream_compose import http
from fream_compose.docker.facts import Container
from fream_compose.docker.listing import containers_where, published
from fream_compose.errors import FreamError
from fream_compose.nginx import control
from fream_compose.nginx.access_log import LOOKING
from fream_compose.operations.overall import Level, Overall
from fream_compose.project.layout import CONTROL
from fream_compose.project.place import settled
from fream_compose.release import LiveRelease

_HTTP, _SECONDS, _ERROR = 80, 2.0, 500


@dataclass(frozen=True)
class Outline:
    """What is live, as nginx says; its version, or why it does not answer; what there is.

    verdict: on what users get at `/`, as nobody knows which path is asked of them.
    """

    live: LiveRelease | None
    nginx: str
    containers: tuple[Container, ...]
    verdict: Overall

    def to_json(self) -> dict[str, Any]:
        """As plain values, named as in a full status."""
        live = self.live and {
            "set": self.live.set,
            "version": self.live.version.tag,
            "digest": self.live.version.digest,
            "switch": self.live.switch,
        }
        return {**asdict(self), "live": live}


def outline(directory: Path) -> Outline:
    """Ask Docker for what Compose started from a folder, and nginx. Raises EngineError."""
    containers = containers_where("project.working_dir", str(settled(directory)))
    try:
        name = next((c.name for c in containers if c.service == "nginx"), "")
        if not name:
            return Outline(None, "there is no container of it", containers, _verdict("", 0))
        state = control.ask(f"http://127.0.0.1:{published(name, CONTROL)}")
    except FreamError as error:
        why = f"no answer: {error.why or error.what}"
        return Outline(None, why, containers, _verdict(*_asked(published(name, _HTTP))))
    verdict = _verdict(*_asked(published(name, _HTTP)))
    return Outline(state.live, state.nginx_version, containers, verdict)


def _asked(port: int) -> tuple[str, int]:
    """What a user is answered at a port, in words, and the status; 0 without an answer."""
    try:
        url = f"http://127.0.0.1:{port}/"
        status = http.get(url, _SECONDS, {"User-Agent": LOOKING}).status
    except http.Unreachable as error:
        return str(error), 0
    return f"HTTP {status}", status


def _verdict(text: str, status: int) -> Overall:
    level = Level.DEGRADED if 0 < status < _ERROR else Level.DOWN
    return Overall(level, "the settings cannot be read", text, "correct the Compose files or .env")
