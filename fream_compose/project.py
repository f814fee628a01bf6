"""A Compose project: its containers, logs and images, and how they are started and stopped."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from fream_compose.ownership import Origin
from fream_compose.release import SetName, Version
from fream_compose.settings import CONTROL, address

if TYPE_CHECKING:
    from fream_compose.settings import Settings

_PUSHED = "Was it pushed? Are IMAGE_REGISTRY and IMAGE_NAME in .env right?"
_DISCARD = 5  # seconds that an app which nobody used gets to stop
_ENDED = ("exited", "dead", "restarting")
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

    @property
    def holds_ports(self) -> bool:
        """Whether what it publishes is its own, also while Docker is restarting it."""
        return self.state in ("running", "restarting", "paused")


@dataclass(frozen=True)
class Condition:
    """How a container fares.

    restarts: how often Docker restarted it. started: when, as Docker prints it. health:
    starting, healthy or unhealthy; empty without a health check. image: the id of its
    image, and reference: the name that it was asked for by. lasting: whether Docker starts
    it again when it ends well.
    """

    state: str
    exit_code: int = 0
    restarts: int = 0
    id: str = ""
    name: str = ""
    service: str = ""
    started: str = ""
    health: str = ""
    image: str = ""
    reference: str = ""
    lasting: bool = True
    published: frozenset[str] = frozenset()
    reached: tuple[tuple[int, str, int], ...] = ()
    networks: frozenset[str] = frozenset()

    @property
    def crashed(self) -> bool:
        """Whether it ended by itself since it was started."""
        return self.restarts > 0 or self.state in _ENDED

    @property
    def finished(self) -> bool:
        """Whether it ended well and for good, as a job does when it is done."""
        return self.state == "exited" and self.exit_code == 0 and not self.lasting


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
        return containers_where("project", self.settings.project)

    def origins(self) -> tuple[Origin, ...]:
        """Where each container of the project was made, one-off ones too. Raises EngineError."""
        mine = f"label=com.docker.compose.project={self.settings.project}"
        labels = ("service", "project.working_dir", "project.config_files")
        fields = [".ID", ".Names", *(f'.Label "com.docker.compose.{name}"' for name in labels)]
        columns = "\t".join(f"{{{{{field}}}}}" for field in [*fields, ".Mounts"])
        listing = ["container", "ls", "--all", "--no-trunc", "--filter", mine]
        out = run([*listing, "--format", columns], "Docker could not list the containers")
        return tuple(_origin(*line.split("\t")) for line in out.splitlines())

    def condition(self, container: str) -> Condition:
        """How a container fares. Raises EngineError when there is none."""
        return self.conditions([container])[0]

    def conditions(self, containers: Sequence[str]) -> tuple[Condition, ...]:
        """How containers fare, by their ids or names. Raises EngineError when one is gone."""
        if not containers:
            return ()
        what = f"{', '.join(containers)} could not be inspected"
        found = json.loads(run(["container", "inspect", *containers], what))
        return tuple(_condition(facts) for facts in found)

    def members(self, name: SetName) -> tuple[Condition, ...]:
        """How the containers of a set fare. Raises EngineError."""
        services = self.settings.sets[name].services
        return self.conditions([c.id for c in self.containers() if c.service in services])

    def image_id(self, version: Version) -> str:
        """The id of a release's image, which is on this server. Raises EngineError."""
        reference = f"{self.settings.image}:{version}"
        command = ["image", "inspect", "--format", "{{.Id}}", reference]
        return run(command, f"{reference} could not be inspected").strip()

    def last_health_check(self, container: str) -> str:
        """What the last health check since the start printed as it failed. Raises EngineError."""
        command = ["container", "inspect", "--format", "{{json .State}}", container]
        state = json.loads(run(command, f"{container} could not be inspected"))
        log = (state.get("Health") or {}).get("Log") or []
        began = _seconds(state["StartedAt"])
        failed = [o for o in log if o["ExitCode"] and _seconds(o["Start"]) >= began]
        return str(failed[-1]["Output"]) if failed else ""

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

    def try_out(self, container: str, command: list[str]) -> str:
        """Run a command in a new container that has another one's image, files and network.

        That one need not run. Returns what was printed. Raises EngineError.
        """
        what = f"{command[0]} could not be tried beside {container}"
        form = "{{.Image}} {{.HostConfig.NetworkMode}}"
        image, network = run(["container", "inspect", "--format", form, container], what).split()
        place = ["--volumes-from", container, "--network", network, "--entrypoint", command[0]]
        return run(["run", "--rm", *place, image, *command[1:]], what)

    def started(self, pid: int) -> float | None:
        """When a process on this server was started, in seconds since 1970; None if unknown."""
        try:
            ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        except (OSError, ValueError, IndexError):
            return None
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return time.time() - age

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

    def found_at(self, container: str, port: int) -> None:
        """Note where a container's port really is, whatever is set by now."""
        self._ports[container] = port

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
        return published(container, inner)

    def clashes(self) -> tuple[Clash, ...]:
        """What other projects share with this one, and must not. Raises EngineError."""
        return clashes(self.settings)

    def nginx_version(self) -> str:
        """What the nginx of the settings' image says of itself. Raises EngineError."""
        image = self.settings.nginx_image
        # It says it on stderr, which a terminal merges into what is read.
        command = ["run", "--rm", "--tty", "--network", "none", "--entrypoint", "nginx"]
        return run([*command, image, "-v"], f"{image} could not be run", PULL).strip()

    def test_nginx(self, check: Callable[[], None]) -> None:
        """Test this folder's configuration of nginx, whether nginx runs or not.

        Raises ConfigurationError.
        """
        try:
            self.one_off("nginx", ["nginx", "-t", "-q"], check)
        except EngineError as error:
            raise ConfigurationError(
                "nginx refuses this folder's configuration",
                error.why,
                next_step=f"Correct the files in {self.settings.nginx_directory}",
            ) from error

    def one_off(self, service: str, command: Sequence[str], check: Callable[[], None]) -> str:
        """What a command prints in a new container of a service. Raises EngineError."""
        options = ["run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull"]
        what = f"{command[0]} failed in a container of {service}"
        arguments = compose(*options, service, *command)
        return run(arguments, what, PULL, check, self.settings.compose_directory)

    def fetch(self, version: Version, check: Callable[[], None]) -> Version:
        """Make the image of a version available here and pin its content.

        check: called a few times a second while the registry is asked; what it raises
        ends the pull. Returns the version with its digest, or unchanged when the image
        exists here only and has none. Raises EngineError.
        """
        reference = f"{self.settings.image}:{version}"
        known = images.facts(reference) if self._may_skip_pull(version) else None
        if known is None:
            self._pull(reference, check)
            known = images.facts(reference)
        if known is None:
            return version
        images.reject_foreign(reference, known.architecture)
        return images.pinned(version, self.settings.image, known.digests)

    def _pull(self, reference: str, check: Callable[[], None]) -> None:
        try:
            run(["pull", "--quiet", reference], f"{reference} could not be pulled", PULL, check)
        except EngineError as error:
            error.next_step = _PUSHED
            raise

    def bytes_to_pull(self, version: Version) -> int:
        """The packed size of what fetch() would pull. Raises EngineError when it would fail."""
        reference = f"{self.settings.image}:{version}"
        if self._may_skip_pull(version) and images.facts(reference):
            return 0
        try:
            return images.bytes_to_pull(reference)
        except EngineError as error:
            error.next_step = _PUSHED
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

    def end_one_offs(self) -> None:
        """Remove the containers that one_off_command() made, fine when there are none."""
        mine = f"label=com.docker.compose.project={self.settings.project}"
        filters = ["label=com.docker.compose.oneoff=True", f"name=^{self.one_off_prefix}"]
        options = [option for text in (mine, *filters) for option in ("--filter", text)]
        what = "The containers of hooks could not be removed"
        deadline = time.monotonic() + QUICK
        while found := run(["container", "ls", "--all", "--quiet", *options], what).split():
            try:
                run(["container", "rm", "--force", "--volumes", *found], what)
            except EngineError:
                # Docker may be about to remove one that has ended.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    @property
    def one_off_prefix(self) -> str:
        """How the names of containers for hooks begin."""
        return f"{self.settings.project}-hook-"

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
        stop_seconds: int | None = None,
    ) -> None:
        """Start services, pulling their images, and wait until their health checks are good.

        recreate: whether a service whose settings have changed is stopped and made anew.
        stop_seconds: that it then gets to stop, instead of its own grace.
        check: called a few times a second; what it raises ends the wait, not the services.
        Raises EngineError.
        """
        start = ["up", "--detach", "--no-build", "--no-deps", "--quiet-pull"]
        start += [] if recreate else ["--no-recreate"]
        start += [] if stop_seconds is None else ["--timeout", str(stop_seconds)]
        wait = ["--wait", "--wait-timeout", str(seconds)]
        run(
            compose(*start, *wait, *services),
            f"{', '.join(services)} could not be started",
            PULL + seconds,
            check,
            self.settings.compose_directory,
        )

    def stop(self, name: SetName) -> None:
        """Stop a set; up() starts the same containers again. Raises EngineError."""
        spec = self.settings.sets[name]
        limit = int(QUICK + spec.stop_seconds)
        with translated(f"{name} could not be stopped", limit):
            self._compose(limit).stop(services=list(spec.services))

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


def _condition(facts: dict[str, Any]) -> Condition:
    state, labels = facts["State"], facts["Config"].get("Labels") or {}
    network = facts.get("NetworkSettings") or {}
    return Condition(
        state=state["Status"],
        exit_code=state["ExitCode"],
        restarts=facts["RestartCount"],
        id=facts["Id"],
        name=facts["Name"].removeprefix("/"),
        service=labels.get("com.docker.compose.service", ""),
        started=state["StartedAt"],
        health=(state.get("Health") or {}).get("Status", "").replace("none", ""),
        image=facts["Image"],
        reference=facts["Config"]["Image"],
        lasting=facts["HostConfig"]["RestartPolicy"]["Name"] in ("always", "unless-stopped"),
        published=frozenset(_published(facts["HostConfig"].get("PortBindings") or {})),
        reached=tuple(
            (int(inner.partition("/")[0]), place["HostIp"], int(place["HostPort"]))
            for inner, places in (network.get("Ports") or {}).items()
            for place in places or ()
        ),
        networks=frozenset(network.get("Networks") or {}),
    )


def _published(bindings: dict[str, Any]) -> Iterator[str]:
    for inner, places in bindings.items():
        for place in places or ():
            yield address(place["HostIp"], place["HostPort"], inner.removesuffix("/tcp"))


def _seconds(moment: str) -> float:
    """Docker's time as seconds; its nine digits of a second are more than Python 3.11 reads."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", moment)).timestamp()


def _origin(id: str, container: str, service: str, folder: str, files: str, mounts: str) -> Origin:
    return Origin(id, container, service, folder, tuple(files.split(",")), tuple(mounts.split(",")))


def containers_where(label: str, value: str) -> tuple[Container, ...]:
    """The containers with a label of Compose's, running or not. Raises EngineError."""
    mine = f"label=com.docker.compose.{label}={value}"
    fields = (".ID", ".Names", '.Label "com.docker.compose.service"', ".State", ".Status", ".Image")
    lasting = "label=com.docker.compose.oneoff=False"
    listing = ["container", "ls", "--all", "--no-trunc"]
    columns = "\t".join(f"{{{{{field}}}}}" for field in fields)
    out = run(
        [*listing, "--filter", mine, "--filter", lasting, "--format", columns],
        "Docker could not list the containers",
    )
    return tuple(Container(*line.split("\t")) for line in out.splitlines())


def published(container: str, inner: int) -> int:
    """On which port of this server a container's port is; 0 while it does not run."""
    try:
        found = run(["container", "port", container, f"{inner}/tcp"], "No such port").split()
    except EngineError:
        return 0
    return int(found[0].rpartition(":")[2]) if found else 0


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
        text = (directory / ".env.example").read_text(encoding="utf-8", errors="replace")
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
