"""A scratch project: fream's files in a folder of its own, and how a test looks at it."""

from __future__ import annotations

import copy
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from fream_compose.nginx import key
from tests import schema
from tests.checkout import copy_templates
from tests.stories import web
from tests.stories.docker import docker
from tests.stories.releases import ROOT, machine_images

FREAM_SECONDS = 300
_JSON = {"json", "jsonl"}
# What an operator may well put into a password.
NASTY = 'p $HOME#"\\%s;'
SET_BY_PROJECT = re.compile(
    r"(COMPOSE|FREAM|MYSQL|DEMO|SET[12]|HTTPS?|TLS|ACME|CONTROL|IMAGE|HEALTH)_"
)


@dataclass(frozen=True)
class Result:
    """A run of fream that has ended."""

    command: str
    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.out + self.err

    def __str__(self) -> str:
        return f"{self.command} ended with {self.code} after {self.seconds:.1f} s:\n{self.text}"


@dataclass(frozen=True)
class Picture:
    """All of a project that a user could see; two that are equal mean that nothing changed."""

    containers: dict[str, tuple[str, str]]
    live: dict[str, str] | None
    env: str
    include: str
    nginx_files: tuple[str, ...]


class Project:
    """A project in a folder of its own, with ports of its own."""

    def __init__(self, folder: Path, name: str, registry: str, first_port: int) -> None:
        self.folder = folder
        self.name = name
        self.password = NASTY + secrets.token_urlsafe(18)
        self.root_password = NASTY + secrets.token_urlsafe(18)
        self.http_port = first_port + 80
        self.alt_port = first_port + 81
        self.control_port = first_port + 90
        self.set_ports = {"set1": first_port + 1, "set2": first_port + 2}
        self.env_path = folder / "compose" / ".env"
        self.include = folder / "nginx" / "live" / "service-url.inc"
        self._copy_files()
        self.set_env(
            COMPOSE_PROJECT_NAME=name,
            FREAM_NETWORK_NAME=name,
            IMAGE_REGISTRY=registry,
            MYSQL_PASSWORD=f"'{self.password}'",
            MYSQL_ROOT_PASSWORD=f"'{self.root_password}'",
            MYSQL_IMAGE=machine_images()["MYSQL_IMAGE"],
            NGINX_IMAGE=machine_images()["NGINX_IMAGE"],
            HTTP_PORT=f"127.0.0.1:{self.http_port}",
            HTTP_ALT_PORT=f"127.0.0.1:{self.alt_port}",
            CONTROL_PORT=str(self.control_port),
            MYSQL_PORT=str(first_port + 306),
            SET1_PORT=str(self.set_ports["set1"]),
            SET2_PORT=str(self.set_ports["set2"]),
            GUARD="1s",
        )

    def _copy_files(self) -> None:
        copy_templates(self.folder, "compose", "nginx")
        shutil.copy(ROOT / "compose" / ".env.example", self.env_path)
        self.env_path.chmod(0o600)

    def at(self, folder: Path) -> Project:
        """The same project in another folder: a second checkout, or one that was moved."""
        other = copy.copy(self)
        other.folder = folder
        other.env_path = folder / "compose" / ".env"
        other.include = folder / "nginx" / "live" / "service-url.inc"
        return other

    @property
    def url(self) -> str:
        """Where users find the app."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def control_url(self) -> str:
        """nginx's control port."""
        return f"http://127.0.0.1:{self.control_port}"

    def ask_nginx(self, path: str) -> requests.Response:
        """What its control port answers fream, which has the key."""
        with requests.Session() as session:
            session.trust_env = False
            session.headers.update(key.header(self.folder / "nginx"))
            return session.get(self.control_url + path, timeout=web.SECONDS)

    def container(self, service: str) -> str:
        """The name of a service's container."""
        return (
            f"{self.name}-app-{service}" if service in self.set_ports else f"{self.name}-{service}"
        )

    # --- fream ---

    def fream(self, *arguments: str, **environment: str) -> Result:
        """Run fream and wait for its end."""
        began = time.monotonic()
        process = self.start(*arguments, **environment)
        try:
            return self.finish(process, began)
        finally:
            process.kill()

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Run fream and come back at once. One that a test leaves is ended after it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "fream_compose", "-C", str(self.folder), *arguments],
            cwd=self.folder,
            env=plain_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    def finish(self, process: subprocess.Popen[str], began: float = 0.0) -> Result:
        """Wait for the end of a run. None prints a password, or JSON that no schema describes."""
        out, err = process.communicate(timeout=FREAM_SECONDS)
        seconds = time.monotonic() - (began or time.monotonic())
        command = " ".join(["fream", *list(map(str, process.args))[5:]])  # type: ignore[arg-type]
        result = Result(command, process.returncode, out, err, seconds)
        assert self.password not in result.text
        assert self.root_password not in result.text
        if result.code >= 0 and _JSON & set(command.split()):
            for line in out.splitlines():
                schema.holds(line)
        return result

    def succeed(self, *arguments: str) -> Result:
        """Run fream, which must succeed."""
        result = self.fream(*arguments)
        assert result.code == 0, result
        return result

    def switch(self, version: str) -> Result:
        """Release a version, which must succeed."""
        return self.succeed("switch", "--version", version)

    # --- what a user sees ---

    def get(self, path: str, **parameters: str) -> requests.Response:
        """Ask the app, as a user does."""
        return web.get(self.url + path, **parameters)

    def version(self) -> str:
        """The release that answers users."""
        return str(self.get("/version").json()["version"])

    def live(self) -> dict[str, str] | None:
        """What nginx says is live; None when nothing is, or nginx does not answer."""
        try:
            told: dict[str, str] = web.get(f"{self.control_url}/live").json()
        except requests.RequestException:
            return None
        return {name: told[name] for name in ("set", "version", "switch")} if told["set"] else None

    @property
    def live_set(self) -> str:
        """The name of the set that is live."""
        live = self.live()
        assert live, "nothing is live"
        return live["set"]

    @property
    def idle_set(self) -> str:
        """The name of the other set."""
        return "set1" if self.live_set == "set2" else "set2"

    # --- what an operator sees ---

    def compose(self, *arguments: str) -> str:
        """`docker compose`, as an operator types it beside the Compose files."""
        return docker("compose", *arguments, folder=self.env_path.parent)

    def running(self) -> dict[str, str]:
        """Service to container id, as a plain `docker compose ps` tells."""
        rows = self.compose("ps", "--no-trunc", "--format", "{{.Service}} {{.ID}}").splitlines()
        return {service: found for service, _, found in (row.partition(" ") for row in rows)}

    def containers(self) -> dict[str, tuple[str, str]]:
        """Every container of the project: name to id and state."""
        mine = f"label=com.docker.compose.project={self.name}"
        columns = "{{.Names}} {{.ID}} {{.State}}"
        rows = docker("ps", "--all", "--filter", mine, "--format", columns).splitlines()
        return {name: (found, state) for name, found, state in (row.split() for row in rows)}

    def env(self) -> dict[str, str]:
        """What `.env` sets."""
        lines = self.env_path.read_text(encoding="utf-8").splitlines()
        pairs = (line.partition("=") for line in lines if not line.startswith("#"))
        return {name: value for name, equals, value in pairs if equals}

    def set_env(self, **values: str) -> None:
        """Write variables to `.env`, as an operator with an editor does."""
        text = self.env_path.read_text(encoding="utf-8")
        for name, value in values.items():
            line = re.compile(rf"^#?{name}=.*$", re.MULTILINE)
            assert line.search(text) or name == "COMPOSE_PROJECT_NAME", f"{name} is not documented"
            text = text if line.search(text) else f"{text}{name}=\n"
            text = line.sub(f"{name}={value}".replace("\\", r"\\"), text)
        self.env_path.write_text(text, encoding="utf-8")

    @contextmanager
    def changed_env(self, **values: str) -> Iterator[None]:
        """Variables of `.env` for the length of a block."""
        before = self.env_path.read_text(encoding="utf-8")
        self.set_env(**values)
        kept = {"COMPOSE_PROFILES", "SET1_VERSION", "SET2_VERSION"}
        try:
            yield
        finally:
            current = self.env()
            self.env_path.write_text(before, encoding="utf-8")
            self.set_env(**{name: current[name] for name in sorted(kept)})

    def picture(self) -> Picture:
        """What there is now."""
        return Picture(
            containers=self.containers(),
            live=self.live(),
            env=self.env_path.read_text(encoding="utf-8") if self.env_path.exists() else "",
            include=self.include.read_text(encoding="utf-8") if self.include.exists() else "",
            nginx_files=tuple(sorted(str(p) for p in (self.folder / "nginx").rglob("*"))),
        )

    def query(self, sql: str) -> str:
        """Ask MySQL as the app's user."""
        command = (
            'MYSQL_PWD="$(cat /run/secrets/mysql_password)" mysql --host=127.0.0.1 '
            f'--user="$MYSQL_USER" --batch --skip-column-names --execute="{sql}" "$MYSQL_DATABASE"'
        )
        return docker("exec", self.container("mysql"), "sh", "-c", command).strip()

    def evidence(self) -> dict[str, str]:
        """What helps to understand a failure, by title."""
        found: dict[str, Any] = {"containers": self.containers(), "live": self.live()}
        shown = {title: str(value) for title, value in found.items()}
        for name in self.containers():
            done = subprocess.run(
                ["docker", "logs", "--tail", "30", name],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            shown[f"log of {name}"] = done.stdout
        return shown


def plain_environment() -> dict[str, str]:
    """This process's environment without what would tell Compose or fream otherwise."""
    return {name: value for name, value in os.environ.items() if not SET_BY_PROJECT.match(name)}


# Their containers and logs are shown with a test that fails.
watched: list[Project] = []
# Runs of the test at work.
started: list[subprocess.Popen[str]] = []
