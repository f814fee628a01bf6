"""A project of its own to measure: copies of the Compose files and nginx, a network, a registry."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from benchmarks import images
from benchmarks.shell import ROOT, quietly, run
from fream_compose.project.envfile import EnvFile

NAME = "fream-bench"
PORT = 30080
SET_PORTS = {"set1": 30181, "set2": 30182}
REGISTRY = "127.0.0.1:30500"
IMAGE = f"{REGISTRY}/{NAME}"

_SETTINGS = {
    "COMPOSE_PROJECT_NAME": NAME,
    "FREAM_NETWORK_NAME": NAME,
    "IMAGE_REGISTRY": REGISTRY,
    "IMAGE_NAME": NAME,
    "HTTP_PORT": f"127.0.0.1:{PORT}",
    "HTTP_ALT_PORT": "127.0.0.1:30081",
    "CONTROL_PORT": "30090",
    "MYSQL_PORT": "30306",
    "SET1_PORT": str(SET_PORTS["set1"]),
    "SET2_PORT": str(SET_PORTS["set2"]),
    "MYSQL_PASSWORD": "bench",
    "MYSQL_ROOT_PASSWORD": "bench",
}


class Stand:
    """The project for the length of a block. MySQL is left out: no part of a switch asks it."""

    nginx = f"{NAME}-nginx"

    def __enter__(self) -> "Stand":
        clean()
        self.folder = Path(tempfile.mkdtemp(prefix="fream-bench-"))
        self.folder.chmod(0o755)
        self.compose = self.folder / "compose"
        try:
            self._lay_out()
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def set_env(self, **settings: str) -> None:
        """Change settings in `.env`."""
        EnvFile(self.compose / ".env").update(settings)

    def container(self, name: str) -> str:
        """The container of a set."""
        return f"{NAME}-app-{name}"

    def _lay_out(self) -> None:
        ignored = shutil.ignore_patterns(
            ".env", ".fream", ".closed", ".live", "live", "service-url.inc", ".candidate"
        )
        for part in ("compose", "nginx"):
            shutil.copytree(ROOT / part, self.folder / part, ignore=ignored)
        settings = _SETTINGS | {
            name: image for name, image in images.chosen().items() if name == "NGINX_IMAGE"
        }
        example = (self.compose / ".env.example").read_text(encoding="utf-8")
        lines = [line for line in example.splitlines() if line.partition("=")[0] not in settings]
        lines += [f"{name}={value}" for name, value in settings.items()]
        (self.compose / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _start(self) -> None:
        image = images.chosen()["REGISTRY_IMAGE"]
        registry = ("--name", f"{NAME}-registry", "--publish", f"{REGISTRY}:5000")
        run("docker", "run", "--detach", *registry, image)
        file = ("--file", self.compose / "compose.yaml")
        run("docker", "compose", *file, "up", "--detach", "--wait", "nginx")

    def _remove(self) -> None:
        clean()
        shutil.rmtree(self.folder, ignore_errors=True)


def clean() -> None:
    """Remove every container, network and image of an earlier or this run."""
    for name in run("docker", "ps", "--all", "--format", "{{.Names}}").split():
        if name.startswith(f"{NAME}-"):
            quietly("docker", "rm", "--force", "--volumes", name)
    quietly("docker", "network", "rm", NAME)
    for image in run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", IMAGE).split():
        quietly("docker", "rmi", image)
