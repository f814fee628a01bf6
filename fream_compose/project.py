"""A Compose project: its containers, logs and images, and how they are started and stopped."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fream_compose import images, ports
from fream_compose.docker import (
    PULL,
    QUICK,
    START,
    become,
    begin,
    client,
    compose,
    output,
    run,
    translated,
)
from fream_compose.engine import compose_version, engine
from fream_compose.envfile import EnvFile
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.images import Image
from fream_compose.neighbours import Clash, clashes
from fream_compose.release import SetName, Version
from fream_compose.settings import CONTROL

if TYPE_CHECKING:
    from fream_compose.settings import Settings

_DISCARD = 5  # seconds that an app which nobody used gets to stop
_ESTABLISHED = "01"  # in /proc/net/tcp, see proc_net_tcp in the kernel's documentation


@dataclass(frozen=True)
class Container:
    """What `docker ps` says. state: running, restarting, exited, created, paused or dead."""

    id: str
    name: str
    service: str
    state: str
    status: str
    image: str


@dataclass(frozen=True)
class Condition:
    """How an app's container fares: its state, exit code, and how often Docker restarted it."""

    state: str
    exit_code: int
    restarts: int

    @property
    def crashed(self) -> bool:
        """Whether the app ended by itself since its container was started."""
        return self.restarts > 0 or self.state in ("exited", "dead", "restarting")


@dataclass(frozen=True)
class Mount:
    """A folder or file of this server inside a container."""

    source: Path
    target: Path


class Project:
    """A Compose project and the containers, images and logs that belong to it."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self.env = EnvFile(settings.env_path)
        self._ports: dict[str, int] = {}

    def containers(self) -> tuple[Container, ...]:
        """Every container of the project, running or not. Raises EngineError."""
        mine = f"label=com.docker.compose.project={self.settings.project}"
        fields = (
            ".ID",
            ".Names",
            '.Label "com.docker.compose.service"',
            ".State",
            ".Status",
            ".Image",
        )
        lasting = "label=com.docker.compose.oneoff=False"
        listing = ["container", "ls", "--all", "--no-trunc"]
        columns = "\t".join(f"{{{{{field}}}}}" for field in fields)
        out = run(
            [*listing, "--filter", mine, "--filter", lasting, "--format", columns],
            "Docker could not list the containers",
        )
        return tuple(Container(*line.split("\t")) for line in out.splitlines())

    def condition(self, container: str) -> Condition:
        """How a container fares. Raises EngineError when there is none."""
        with translated(f"{container} could not be inspected", QUICK):
            # Read once: each attribute of python-on-whales may ask Docker again.
            found = client(QUICK).container.inspect(container)
            state, restarts = found.state, found.restart_count
        return Condition(state.status or "", state.exit_code or 0, restarts or 0)

    def logs(self, container: str, lines: int = 10) -> tuple[str, ...]:
        """The last log lines of a container; none when they cannot be had."""
        try:
            with translated(f"The logs of {container} could not be read", QUICK):
                text = str(client(QUICK).container.logs(container, tail=lines))
        except EngineError:
            return ()
        return tuple(text.splitlines()[-lines:])

    def follow(self, container: str, lines: int) -> subprocess.Popen[str]:
        """Start printing a container's last log lines and all that come, on one pipe.

        The process ends by itself when nobody reads the pipe any more.
        """
        return subprocess.Popen(
            ["docker", "container", "logs", "--follow", "--tail", str(lines), container],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def print_logs(self, container: str, lines: int | None, since: str, follow: bool) -> NoReturn:
        """Become Docker printing a container's log, so that signals and exit codes are its own.

        lines: how many of the last; None for all. since: a duration such as 10m, a moment,
        or empty.
        """
        options = [*(["--follow"] if follow else []), *([f"--since={since}"] if since else [])]
        tail = "all" if lines is None else str(lines)
        become(["container", "logs", *options, f"--tail={tail}", container])

    def enter(self, container: str, command: list[str], interactive: bool) -> NoReturn:
        """Become Docker running a command in a container; its exit code is the command's."""
        options = ["--interactive", "--tty"] if interactive else []
        become(["container", "exec", *options, container, *command])

    def execute(self, container: str, command: list[str]) -> str:
        """Run a command in a container and return its output. Raises EngineError."""
        with translated(f"{command[0]} failed in {container}", QUICK):
            return str(client(QUICK).container.execute(container, command))

    def signal(self, container: str, name: str) -> None:
        """Send a signal to a container's first process. Raises EngineError."""
        with translated(f"{container} could not be signalled", QUICK):
            client(QUICK).container.kill(container, signal=name)

    def restart(self, container: str) -> None:
        """Stop a container, by force after ten seconds, and start it again. Raises EngineError."""
        with translated(f"{container} could not be restarted", QUICK):
            client(QUICK).container.restart(container, time=10)

    def processes(self, container: str) -> dict[int, str]:
        """The processes of a container: id to command line. Raises EngineError."""
        out = run(
            ["container", "top", container, "-eo", "pid,args"],
            f"The processes of {container} could not be listed",
        )
        rows = (line.split(maxsplit=1) for line in out.splitlines()[1:])
        return {int(pid): args for pid, args in rows}

    def connections(self, container: str, port: int) -> int | None:
        """How many connections to a port inside a container are open.

        Read from the kernel's table of the container's network; None where this user
        may not, or the container is gone.
        """
        try:
            pid = next(iter(self.processes(container)))
            tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
        except (EngineError, OSError, StopIteration):
            return None
        rows = [line.split() for table in tables for line in table.splitlines()[1:]]
        return sum(row[1].endswith(f":{port:04X}") and row[3] == _ESTABLISHED for row in rows)

    def port(self, name: SetName) -> int:
        """Where a set's app listens on 127.0.0.1; 0 while it runs nowhere and none is fixed."""
        spec = self.settings.sets[name]
        return self._port(spec.container, spec.inner_port, spec.port)

    def control_port(self) -> int:
        """Where nginx's control port is on 127.0.0.1; 0 while it is nowhere and none is fixed."""
        return self._port(self.settings.nginx_container, CONTROL, self.settings.control_port)

    def _port(self, container: str, inner: int, fixed: int) -> int:
        """A port that is fixed or was read before, as long as somebody listens there.

        Docker picks another one at each start of a container.
        """
        known = self._ports.get(container, fixed)
        if not ports.listens(known):
            known = self._ports[container] = self.published(container, inner) or fixed
        return known

    def published(self, container: str, inner: int) -> int:
        """On which port of this server a container's port is; 0 while it does not run."""
        try:
            out = run(["container", "port", container, f"{inner}/tcp"], "No such port")
        except EngineError:
            return 0
        return int(out.split()[0].rpartition(":")[2])

    def clashes(self) -> tuple[Clash, ...]:
        """What other projects share with this one, and must not. Raises EngineError."""
        return clashes(self.settings)

    def nginx_version(self) -> str:
        """What the nginx of the settings' image says of itself. Raises EngineError."""
        image = self.settings.nginx_image
        # It says it on stderr, which a terminal merges into what is read.
        command = ["run", "--rm", "--tty", "--network", "none", "--entrypoint", "nginx"]
        return run([*command, image, "-v"], f"{image} could not be run", PULL).strip()

    def fetch(self, version: Version, check: Callable[[], None]) -> Version:
        """Make the image of a version available here and pin its content.

        check: called a few times a second while the registry is asked; what it raises
        ends the pull. Returns the version with its digest, or unchanged when the image
        exists here only and has none. Raises EngineError.
        """
        reference = f"{self.settings.image}:{version}"
        known = images.digests(reference) if self._may_skip_pull(version) else None
        if known is None:
            self._pull(reference, check)
            known = images.digests(reference) or ()
        return images.pinned(version, self.settings.image, known)

    def _pull(self, reference: str, check: Callable[[], None]) -> None:
        try:
            run(["pull", "--quiet", reference], f"{reference} could not be pulled", PULL, check)
        except EngineError as error:
            error.next_step = "Was it pushed? Are IMAGE_REGISTRY and IMAGE_NAME in .env right?"
            raise

    def _may_skip_pull(self, version: Version) -> bool:
        return bool(version.digest) or self.settings.switch.pull == "missing"

    def local_images(self) -> tuple[Image, ...]:
        """The images of the project's repository that are on this server. Raises EngineError."""
        return images.local_images(self.settings.image, self.settings.project)

    def remove_images(self, unwanted: Sequence[Image]) -> None:
        """Remove images of the project's repository that no other project keeps.

        Raises EngineError.
        """
        images.remove_images(self.settings.image, self.settings.project, unwanted)

    def keep_images(self, needed: Sequence[Image]) -> None:
        """Mark images as needed by this project. Raises EngineError."""
        images.keep_images(self.settings.project, needed)

    def free_bytes(self) -> int | None:
        """Free space where Docker stores images; None when that is not on this server."""
        try:
            return shutil.disk_usage(engine().root).free
        except OSError:
            return None

    def mounts(self, container: str) -> tuple[Mount, ...]:
        """The folders and files of this server in a container. Raises EngineError."""
        out = run(
            ["container", "inspect", "--format", "{{json .Mounts}}", container],
            f"{container} could not be inspected",
        )
        found = [mount for mount in json.loads(out) if mount["Type"] == "bind"]
        return tuple(Mount(Path(m["Source"]), Path(m["Destination"])) for m in found)

    def one_off_command(
        self, name: SetName, container: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        """The command line that runs a command in a new container of a set's release.

        It must be run in the folder of the Compose files.
        """
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        options = ["--rm", "--no-deps", "--no-TTY", "--quiet-pull", f"--name={container}"]
        return ["docker", *compose("run", *options, *variables, str(name), *command)]

    def end_one_off(self, container: str) -> None:
        """Remove a container that one_off_command() made; fine when there is none."""
        run(["container", "rm", "--force", container], f"{container} could not be removed")

    def inside_command(
        self, name: SetName, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        """The command line that runs a command in a set's app container."""
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        return ["docker", "exec", *variables, self.settings.sets[name].container, *command]

    def up(self, services: tuple[str, ...]) -> None:
        """Create and start services; what runs is left as it is. Raises EngineError."""
        with translated(f"{', '.join(services)} could not be started", START):
            self._compose(START).up(
                services=list(services),
                detach=True,
                no_build=True,
                dependencies=False,
                recreate=False,
                quiet=True,
            )

    def up_healthy(
        self,
        services: tuple[str, ...],
        seconds: int,
        check: Callable[[], None],
        recreate: bool = False,
    ) -> None:
        """Start services, pulling their images, and wait until their health checks are good.

        recreate: whether a service whose settings have changed is stopped and made anew.
        check: called a few times a second; what it raises ends the wait, not the services.
        Raises EngineError.
        """
        start = ["up", "--detach", "--no-build", "--no-deps", "--quiet-pull"]
        start += [] if recreate else ["--no-recreate"]
        wait = ["--wait", "--wait-timeout", str(seconds)]
        run(
            compose(*start, *wait, *services),
            f"{', '.join(services)} could not be started",
            PULL + seconds,
            check,
            self.settings.compose_directory,
        )

    def remove(self, name: SetName) -> None:
        """Stop and remove a set with its anonymous volumes; fine when there is none.

        Raises EngineError.
        """
        spec = self.settings.sets[name]
        limit = int(QUICK + spec.stop_seconds)
        with translated(f"{name} could not be removed", limit):
            self._compose(limit).rm(services=list(spec.services), stop=True, volumes=True)

    def discard(self, name: SetName) -> None:
        """Remove a set that never served, without the time that a served app gets to finish.

        An app that has just started may not listen to SIGTERM yet. Its workers get their
        full time: they may have taken a job. Raises EngineError.
        """
        with translated(f"{name} could not be removed", QUICK):
            self._compose(QUICK).stop(services=[str(name)], timeout=_DISCARD)
        self.remove(name)

    def down(self, volumes: bool) -> None:
        """Stop and remove everything of the project, its anonymous volumes included.

        volumes: the named ones, too, and the claim on images. Raises EngineError.
        """
        settings = self.settings
        graces = sum(spec.stop_seconds for spec in settings.sets.values())
        limit = int(START + graces + settings.infra_stop_seconds)
        with translated("The project could not be taken down", limit):
            self._compose(limit).rm(stop=True, volumes=True)
            self._compose(limit).down(volumes=volumes, quiet=True)
        if volumes:
            images.forget_images(settings.project)

    def template(self) -> dict[str, Any]:
        """The Compose files as one, its variables not filled in. Raises EngineError."""
        out = run(
            compose("config", "--no-interpolate", "--format", "json"),
            "Compose cannot read the project",
            directory=self.settings.compose_directory,
        )
        return dict(json.loads(out))

    def _compose(self, limit: int) -> Any:
        return client(limit, self.settings.compose_directory).compose


def open_project(directory: Path, meanwhile: Callable[[], None] = lambda: None) -> Project:
    """Read a project's settings through Compose. Raises ConfigurationError.

    directory: the folder of compose.yaml. meanwhile: what to do while Compose reads, as
    it takes as long as our own imports. Variables of `.env`, of `.env.example` and
    Compose's own are never taken from the operator's shell, so that every run sees the
    same project.
    """
    for name in [*EnvFile(directory / ".env").names(), *_known(directory), *_of_compose()]:
        os.environ.pop(name, None)
    # As it is for somebody who types there; Compose files may name it.
    os.environ["PWD"] = str(directory)
    reading = begin(compose("config", "--format", "json"), directory)
    try:
        meanwhile()
        text = output(reading, "Compose cannot read the project")
    except EngineError as error:
        _explain_compose()
        raise ConfigurationError(
            error.what,
            error.why,
            next_step=f"Correct the Compose files or .env in {directory}",
        ) from error
    from fream_compose.settings import parse

    return Project(parse(json.loads(text), directory))


def _known(directory: Path) -> list[str]:
    """The variables that the example lists, those with a default included."""
    try:
        text = (directory / ".env.example").read_text(encoding="utf-8")
    except OSError:
        return []
    return re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def _of_compose() -> list[str]:
    """What makes Compose read other files, or do something else, than it does for others."""
    return [name for name in os.environ if name.startswith("COMPOSE_")]


def _explain_compose() -> None:
    try:
        compose_version()
    except EngineError as error:
        raise ConfigurationError(
            "Docker Compose v2 is needed", error.why, next_step="script/bootstrap installs it"
        ) from error
