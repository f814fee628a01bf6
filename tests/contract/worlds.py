"""Two worlds with the same project: one of fakes, one that is real."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Protocol

from fream_compose.docker.project import Project, open_project
from fream_compose.nginx import include
from fream_compose.nginx.proxy import Proxy
from fream_compose.release import SetName, Version
from tests.checkout import copy_templates
from tests.fakes import FakeProject, Stage
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
NAME = f"fream-contract-{os.getpid()}"
GOOD, MISSING = "1.0.0", "9.9.9"
_APP = 'command: [python3, -m, http.server, "808{number}"]\n    stop_signal: SIGINT'


class World(Protocol):
    """A project whose nginx runs, in which the version GOOD is an image that is here."""

    project: Project
    proxy: Proxy

    def lingers(self) -> None:
        """Have nginx's replaced workers stay for some seconds."""

    def close(self) -> None:
        """Leave nothing."""


class FakeWorld:
    """Everything outside fream is a fake."""

    def __init__(self, folder: Path) -> None:
        stage = Stage(folder, picked=True, pull="missing", health={"path": "/"})
        fake: FakeProject = stage.project
        fake.pulled, fake.registry = {GOOD: ""}, {}
        fake.infra = {"nginx"}
        self.project: Project = fake
        self.proxy = stage.proxy
        self._fake = fake

    def lingers(self) -> None:
        self._fake.nginx.lingers = 60

    def close(self) -> None:
        self._fake.close()


class RealWorld:
    """The project's own Compose files with a real nginx; the app is a small web server."""

    def __init__(self, folder: Path) -> None:
        self._compose = folder / "compose"
        copy_templates(folder, "compose", "nginx")
        self._images = images()
        self._write_env()
        self._use_a_small_app()
        self._docker("tag", self._images["BASE_IMAGE"], f"{NAME}/app:{GOOD}")
        try:
            include.prepare(folder / "nginx")
            self.project = open_project(self._compose)
            self.project.compose.up_healthy(("nginx",), 60, lambda: None)
        except BaseException:
            self.close()
            raise
        settings = self.project.settings
        self.proxy = Proxy(
            self.project.containers,
            settings.nginx_container,
            settings.nginx_directory,
            time.monotonic,
        )
        self._clients: list[subprocess.Popen[str]] = []

    def _write_env(self) -> None:
        ports = [free_port() for _ in range(4)]
        values = {
            "COMPOSE_PROJECT_NAME": NAME,
            "COMPOSE_PROFILES": "infra",
            "FREAM_NETWORK_NAME": NAME,
            "NGINX_IMAGE": self._images["NGINX_IMAGE"],
            "MYSQL_IMAGE": self._images["MYSQL_IMAGE"],
            "MYSQL_DATABASE": "fream",
            "MYSQL_USER": "fream",
            "MYSQL_PASSWORD": "secret",
            "MYSQL_ROOT_PASSWORD": "secret",
            "IMAGE_REGISTRY": NAME,
            "IMAGE_NAME": "app",
            "SET1_VERSION": "none",
            "SET2_VERSION": "none",
            "PULL_POLICY": "missing",
            "HEALTH_CHECK_POINT": "/",
            "HTTP_PORT": f"127.0.0.1:{ports[0]}",
            "HTTP_ALT_PORT": f"127.0.0.1:{ports[1]}",
            "CONTROL_PORT": str(ports[2]),
            "MYSQL_PORT": str(ports[3]),
        }
        lines = "".join(f"{name}={value}\n" for name, value in values.items())
        (self._compose / ".env").write_text(lines, encoding="utf-8")

    def _use_a_small_app(self) -> None:
        path = self._compose / "app.yaml"
        text = path.read_text(encoding="utf-8")
        for number in (1, 2):
            profile = f"profiles: [set{number}]"
            text = text.replace(profile, f"{profile}\n    {_APP.format(number=number)}")
        path.write_text(text, encoding="utf-8")

    def lingers(self) -> None:
        """An open connection keeps a worker for as long as nginx lets an idle client stay."""
        port = self.project.settings.addresses["nginx"][0][1]
        code = (
            "import http.client, time\n"
            f"one = http.client.HTTPConnection('127.0.0.1', {port})\n"
            "one.request('GET', '/'); one.getresponse().read()\n"
            "print('open', flush=True); time.sleep(60)\n"
        )
        for _ in range(8):
            client = subprocess.Popen(
                [ROOT / ".venv/bin/python", "-c", code], stdout=subprocess.PIPE, text=True
            )
            self._clients.append(client)
            assert client.stdout
            client.stdout.readline()

    def close(self) -> None:
        for client in getattr(self, "_clients", []):
            client.kill()
            client.communicate()
        compose = ["compose", "--file", str(self._compose / "compose.yaml"), "--profile", "*"]
        self._docker(*compose, "down", "--volumes", "--timeout", "1", check=False)
        self._docker("image", "rm", f"{NAME}/app:{GOOD}", check=False)

    @staticmethod
    def _docker(*arguments: str, check: bool = True) -> None:
        subprocess.run(["docker", *arguments], check=check, capture_output=True, timeout=120)


def images() -> dict[str, str]:
    """The images that the workshop uses, as `script/bootstrap` chose them."""
    path = ROOT / ".cache" / "images.env"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def in_set1(world: World, version: str = GOOD) -> None:
    """Start a version in set1, as a switch would."""
    world.project.env.update({"SET1_VERSION": version})
    world.project.compose.start(SetName.SET1, Version.parse(version))
