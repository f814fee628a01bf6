"""What can be said of a project whose settings cannot be read: what runs, and nginx's answer."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fream_compose.docker.facts import Container
from fream_compose.docker.listing import containers_where, published
from fream_compose.errors import FreamError
from fream_compose.nginx import control
from fream_compose.project.layout import CONTROL
from fream_compose.release import LiveRelease


@dataclass(frozen=True)
class Outline:
    """What is live, as nginx says; its version, or why it does not answer; what there is."""

    live: LiveRelease | None
    nginx: str
    containers: tuple[Container, ...]

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
    containers = containers_where("project.working_dir", str(directory))
    try:
        name = next((c.name for c in containers if c.service == "nginx"), "")
        if not name:
            return Outline(None, "there is no container of it", containers)
        state = control.ask(f"http://127.0.0.1:{published(name, CONTROL)}")
    except FreamError as error:
        return Outline(None, f"no answer: {error.why or error.what}", containers)
    return Outline(state.live, state.nginx_version, containers)
