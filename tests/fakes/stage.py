"""A whole project in a temporary folder, with fakes for what is outside fream."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from fream_compose.interruption import Interruption
from fream_compose.nginx import include, route_files
from fream_compose.nginx.proxy import Proxy
from fream_compose.nginx.routes import routes_of
from fream_compose.operations.context import Context
from fream_compose.operations.outcome import Outcome
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.switch import Switch
from fream_compose.project.compose_config import parse
from fream_compose.project.history import History
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName, Version
from tests.checkout import copy_templates
from tests.fakes.project import FakeProject
from tests.fakes.watcher import Watcher
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "ab" * 32
ENV = """\
# The owner's own comment.
COMPOSE_PROFILES=infra
SET1_VERSION=none
SET2_VERSION=none
IMAGE_NAME=fream
"""


def compose_config(
    nginx: Path, control_port: int, beside: tuple[str, ...] = (), **x_fream: Any
) -> dict[str, Any]:
    """What `docker compose config --format json` prints, as far as fream reads it.

    beside: the services of each set beside the app.
    """

    def port(published: int, target: int, host: str = "127.0.0.1") -> dict[str, Any]:
        return {"host_ip": host, "published": str(published), "target": target}

    def app(name: str, target: int) -> dict[str, Any]:
        return {
            "profiles": [name],
            "image": "127.0.0.1:5000/fream:none",
            "container_name": f"shop-app-{name}",
            "stop_grace_period": "1m10s",
            "ports": [port(free_port(), target)],
        }

    return {
        "name": "shop",
        "services": {
            "mysql": {
                "profiles": ["infra"],
                "image": "mysql:8.4",
                "container_name": "shop-mysql",
                "ports": [port(free_port(), 3306)],
            },
            "nginx": {
                "profiles": ["infra"],
                "image": "nginx:1.30",
                "container_name": "shop-nginx",
                "volumes": [{"source": str(nginx), "target": "/etc/nginx"}],
                "ports": [port(free_port(), 80), port(control_port, 8090)],
            },
            "set1": app("set1", 8081),
            "set2": app("set2", 8082),
            **{
                f"{name}-{service}": {"profiles": [name], "image": "worker:1"}
                for name in ("set1", "set2")
                for service in beside
            },
        },
        "x-fream": x_fream,
    }


QUICK = {
    "health": {"timeout": "1500ms", "interval": "10ms", "request_timeout": "1s"},
    "cut_over": {"timeout": "300ms"},
    "drain": {"timeout": "2s"},
    "guard": "0",
}


def with_https(config: dict[str, Any]) -> dict[str, Any]:
    """The same with nginx's port for users of HTTPS, and the keeper of the certificates."""
    port = {"host_ip": "127.0.0.1", "published": str(free_port()), "target": 443}
    config["services"]["nginx"]["ports"].append(port)
    config["services"]["acme"] = {
        "profiles": ["infra"],
        "image": "certbot:5",
        "container_name": "shop-acme",
    }
    return config


def pick_ports(config: dict[str, Any]) -> None:
    """Leave every port on the server to Docker, as Compose prints it."""
    for service in config["services"].values():
        for port in service.get("ports", ()):
            del port["published"]


class Stage:
    """A project after `fream up infra`; 1.0.0 to 1.0.3 can be pulled.

    picked: whether Docker picks the ports on the server. beside: the services of each set
    beside the app. x_fream: with tls.hosts there is what HTTPS takes, too.
    """

    def __init__(
        self, folder: Path, picked: bool = False, beside: tuple[str, ...] = (), **x_fream: Any
    ) -> None:
        compose, nginx = folder / "compose", folder / "nginx"
        compose.mkdir()
        copy_templates(folder, "nginx")
        (compose / ".env").write_text(ENV, encoding="utf-8")
        self.config = compose_config(nginx, free_port(), beside, **{**QUICK, **x_fream})
        if x_fream.get("tls", {}).get("hosts"):
            with_https(self.config)
        if picked:
            pick_ports(self.config)
        self.settings: Settings = parse(self.config, compose)
        self.env_path = compose / ".env"
        self.include = nginx / "live" / "service-url.inc"
        self.project = FakeProject(self.settings)
        self.nginx = self.project.nginx
        include.prepare(nginx)
        self.nginx.stop()
        self.nginx.port = self.settings.control_port
        self.nginx.users_port = next(
            a.port for a in self.settings.addresses["nginx"] if a.inner == 80
        )
        if self.settings.switch.tls.hosts:
            route_files.put(nginx, routes_of(self.settings))
        self.nginx.start()
        self.project.registry = {f"1.0.{patch}": f"sha256:{patch:064x}" for patch in range(4)}
        self.proxy = Proxy(
            self.project.containers,
            self.settings.nginx_container,
            self.settings.nginx_directory,
            self.clock,
            routes_of(self.settings),
        )
        self.history = History(self.settings.state_directory / "history.jsonl")
        self.interruption = Interruption()
        self.watcher = Watcher()
        self.speed = 1.0

    def clock(self) -> float:
        """Time as the switch sees it: `speed` times as fast, so that no test waits for long."""
        return time.monotonic() * self.speed

    @property
    def context(self) -> Context:
        """What the operations of the run work with."""
        return Context(self.project, self.proxy, self.watcher, self.interruption, self.clock)

    def switch(self, version: str, **wish: Any) -> Outcome:
        """One `fream switch`, as a new process would run it."""
        return Switch(self.context).run(SwitchRequest(Version.parse(version), **wish))

    def fresh(self) -> None:
        """The next run starts: no signal yet, nothing reported."""
        self.interruption, self.watcher = Interruption(), Watcher()
        self.project.script.clear()

    def put(self, name: SetName, tag: str, switch: str = "20260101T000000Z-abcdef") -> LiveRelease:
        """A release that is live already."""
        version = Version.parse(tag)
        self.project.start_by_hand(name, tag)
        live = LiveRelease(name, version, switch)
        include.put(self.settings.nginx_directory, live)
        self.project.env.update(
            {"COMPOSE_PROFILES": f"infra,{name}", f"{name.upper()}_VERSION": tag}
        )
        return live

    @property
    def env(self) -> str:
        return self.env_path.read_text(encoding="utf-8")

    def serves(self) -> str:
        """The tag that a user's request is answered by, or nothing."""
        live = self.nginx.live
        app = self.project.apps.get(live.set) if live else None
        return app.version.partition("@")[0] if app and app.state == "running" else ""
