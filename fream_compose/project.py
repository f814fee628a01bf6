"""Docker and Compose; the only importer of python-on-whales.

Calls run under coreutils' `timeout`, because python-on-whales sets no limit. It also
puts the command into a process group of its own, so that a Ctrl-C at the terminal
reaches fream alone and Docker finishes what it began.
"""

import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fream_compose.envfile import EnvFile
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.release import SetName, Version, repository

if TYPE_CHECKING:
    from python_on_whales import DockerClient

    from fream_compose.settings import Settings

_LOG = logging.getLogger(__name__)
_QUICK = 30  # seconds for a question; Docker answers in milliseconds
_START = 180  # seconds to create and start containers
_PULL = 1800  # seconds for an image; a slow line and a large image
_ESTABLISHED = "01"  # in /proc/net/tcp, see proc_net_tcp in the kernel's documentation
_TIMED_OUT = (124, 137)  # exit codes of `timeout`


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
class Image:
    """An image of the project's repository that is on this server.

    tags, digests: its names in that repository. bytes: its size, shared layers counted.
    used: whether a container, of whatever project, running or not, was made from it.
    """

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    bytes: int
    used: bool

    def holds(self, version: Version) -> bool:
        """Whether this is the image of a version."""
        return version.digest in self.digests if version.digest else version.tag in self.tags

    def references(self, repository: str) -> tuple[str, ...]:
        """What must be removed for it to go: with its last tag its digests go too."""
        tags = tuple(f"{repository}:{tag}" for tag in self.tags)
        return tags or tuple(f"{repository}@{digest}" for digest in self.digests)


@dataclass(frozen=True)
class Engine:
    """What `docker info` says. root: where it stores its files. time: of its clock.

    insecure: address ranges and registries that it speaks plain HTTP to. proxy: the one
    that it asks registries through; empty for none.
    """

    version: str
    root: Path
    time: datetime
    insecure: tuple[str, ...]
    proxy: str


@dataclass(frozen=True)
class Mount:
    """A folder or file of this server inside a container."""

    source: Path
    target: Path


def _docker(limit: int, directory: Path | None = None) -> "DockerClient":
    # It takes a quarter of a second to import; `fream --help` must not wait for it.
    from python_on_whales import DockerClient

    return DockerClient(
        client_call=["timeout", "--kill-after=10", str(limit), "docker"],
        compose_files=[directory / "compose.yaml"] if directory else [],
        compose_profiles=["*"] if directory else [],
    )


@contextmanager
def _translated(what: str, limit: int) -> Iterator[None]:
    """Turn failures of Docker's command line into EngineError."""
    from python_on_whales.exceptions import DockerException

    try:
        yield
    except DockerException as error:
        if error.return_code in _TIMED_OUT:
            raise EngineError(
                what, f"Docker did not answer within {limit} s", next_step="docker info"
            ) from error
        raise EngineError(what, _last_lines(error.stderr or error.stdout or "")) from error


def _last_lines(text: str, count: int = 5) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


class Project:
    """A Compose project and the containers, images and logs that belong to it."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self.env = EnvFile(settings.env_path)

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
        columns = "\t".join(f"{{{{{field}}}}}" for field in fields)
        out = _run(
            [*["container", "ls", "--all", "--no-trunc", "--filter"], mine, "--format", columns],
            "Docker could not list the containers",
        )
        return tuple(Container(*line.split("\t")) for line in out.splitlines())

    def condition(self, container: str) -> Condition:
        """How a container fares. Raises EngineError when there is none."""
        with _translated(f"{container} could not be inspected", _QUICK):
            # Read once: each attribute of python-on-whales may ask Docker again.
            found = _docker(_QUICK).container.inspect(container)
            state, restarts = found.state, found.restart_count
        return Condition(state.status or "", state.exit_code or 0, restarts or 0)

    def logs(self, container: str, lines: int = 10) -> tuple[str, ...]:
        """The last log lines of a container; none when they cannot be had."""
        try:
            with _translated(f"The logs of {container} could not be read", _QUICK):
                text = str(_docker(_QUICK).container.logs(container, tail=lines))
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
        _become(["container", "logs", *options, f"--tail={tail}", container])

    def enter(self, container: str, command: list[str], interactive: bool) -> NoReturn:
        """Become Docker running a command in a container; its exit code is the command's."""
        options = ["--interactive", "--tty"] if interactive else []
        _become(["container", "exec", *options, container, *command])

    def execute(self, container: str, command: list[str]) -> str:
        """Run a command in a container and return its output. Raises EngineError."""
        with _translated(f"{command[0]} failed in {container}", _QUICK):
            return str(_docker(_QUICK).container.execute(container, command))

    def signal(self, container: str, name: str) -> None:
        """Send a signal to a container's first process. Raises EngineError."""
        with _translated(f"{container} could not be signalled", _QUICK):
            _docker(_QUICK).container.kill(container, signal=name)

    def restart(self, container: str) -> None:
        """Stop a container, by force after ten seconds, and start it again. Raises EngineError."""
        with _translated(f"{container} could not be restarted", _QUICK):
            _docker(_QUICK).container.restart(container, time=10)

    def processes(self, container: str) -> dict[int, str]:
        """The processes of a container: id to command line. Raises EngineError."""
        out = _run(
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

    def nginx_version(self) -> str:
        """What the nginx of the settings' image says of itself. Raises EngineError."""
        image = self.settings.nginx_image
        # It says it on stderr, which a terminal merges into what is read.
        command = ["run", "--rm", "--tty", "--network", "none", "--entrypoint", "nginx"]
        return _run([*command, image, "-v"], f"{image} could not be run", _PULL).strip()

    def fetch(self, version: Version, check: Callable[[], None]) -> Version:
        """Make the image of a version available here and pin its content.

        check: called a few times a second while the registry is asked; what it raises
        ends the pull. Returns the version with its digest, or unchanged when the image
        exists here only and has none. Raises EngineError.
        """
        reference = f"{self.settings.image}:{version}"
        known = self._digests(reference) if self._may_skip_pull(version) else None
        if known is None:
            _run(["pull", "--quiet", reference], f"{reference} could not be pulled", _PULL, check)
            known = self._digests(reference) or ()
        prefix = f"{self.settings.image}@"
        mine = [digest.removeprefix(prefix) for digest in known if digest.startswith(prefix)]
        return version.pinned(mine[0]) if mine and not version.digest else version

    def _may_skip_pull(self, version: Version) -> bool:
        return bool(version.digest) or self.settings.switch.pull == "missing"

    def local_images(self) -> tuple[Image, ...]:
        """The images of the project's repository that are on this server. Raises EngineError."""
        name, what = _familiar(self.settings.image), "Docker could not list the images"
        listing = ["--quiet", "--no-trunc", "--filter", f"reference={name}"]
        ids = sorted(set(_run(["image", "ls", *listing], what).split()))
        if not ids:
            return ()
        used = _references_in_use()
        found = json.loads(_run(["image", "inspect", *ids], what))
        return tuple(_image(facts, name, used) for facts in found)

    def remove_images(self, images: Sequence[Image]) -> None:
        """Remove images of the project's repository, by name and never by force.

        Raises EngineError; what could be removed is removed then.
        """
        name = _familiar(self.settings.image)
        names = [reference for image in images for reference in image.references(name)]
        _run(["image", "rm", *names], "An image could not be removed", _START)

    def free_bytes(self) -> int | None:
        """Free space where Docker stores images; None when that is not on this server."""
        try:
            return shutil.disk_usage(engine().root).free
        except OSError:
            return None

    def mounts(self, container: str) -> tuple[Mount, ...]:
        """The folders and files of this server in a container. Raises EngineError."""
        out = _run(
            ["container", "inspect", "--format", "{{json .Mounts}}", container],
            f"{container} could not be inspected",
        )
        found = [mount for mount in json.loads(out) if mount["Type"] == "bind"]
        return tuple(Mount(Path(m["Source"]), Path(m["Destination"])) for m in found)

    def _digests(self, reference: str) -> tuple[str, ...] | None:
        from python_on_whales.exceptions import NoSuchImage

        try:
            with _translated(f"{reference} could not be inspected", _QUICK):
                return tuple(_docker(_QUICK).image.inspect(reference).repo_digests)
        except EngineError as error:
            if isinstance(error.__cause__, NoSuchImage):
                return None
            raise

    def one_off_command(
        self, name: SetName, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        """The command line that runs a command in a new container of a set's release."""
        file = str(self.settings.compose_directory / "compose.yaml")
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        options = ["run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull"]
        compose = ["docker", "compose", "--file", file, "--profile", "*"]
        return [*compose, *options, *variables, str(name), *command]

    def inside_command(
        self, name: SetName, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        """The command line that runs a command in a set's app container."""
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        return ["docker", "exec", *variables, self.settings.sets[name].container, *command]

    def up(self, services: tuple[str, ...], wait_seconds: int = 0) -> None:
        """Create and start services, and nothing else. Raises EngineError.

        wait_seconds: when not zero, wait so long for their health checks.
        """
        limit = _START + wait_seconds
        with _translated(f"{', '.join(services)} could not be started", limit):
            self._compose(limit).up(
                services=list(services),
                detach=True,
                no_build=True,
                dependencies=False,
                quiet=True,
                wait=wait_seconds > 0,
                wait_timeout=wait_seconds or None,
            )

    def remove(self, name: SetName) -> None:
        """Stop and remove a set; fine when there is none. Raises EngineError."""
        spec = self.settings.sets[name]
        limit = int(_QUICK + spec.stop_seconds)
        with _translated(f"{name} could not be removed", limit):
            self._compose(limit).rm(services=list(spec.services), stop=True)

    def down(self, volumes: bool) -> None:
        """Stop and remove everything of the project. Raises EngineError."""
        slowest = max(spec.stop_seconds for spec in self.settings.sets.values())
        limit = int(_START + slowest)
        with _translated("The project could not be taken down", limit):
            self._compose(limit).down(volumes=volumes, quiet=True)

    def template(self) -> dict[str, Any]:
        """The Compose files as one, its variables not filled in. Raises EngineError."""
        file = str(self.settings.compose_directory / "compose.yaml")
        arguments = ["compose", "--file", file, "--profile", "*", "config", "--no-interpolate"]
        out = _run([*arguments, "--format", "json"], "Compose cannot read the project")
        return dict(json.loads(out))

    def _compose(self, limit: int) -> Any:
        return _docker(limit, self.settings.compose_directory).compose


def open_project(directory: Path, meanwhile: Callable[[], None] = lambda: None) -> Project:
    """Read a project's settings through Compose. Raises ConfigurationError.

    directory: the folder of compose.yaml. meanwhile: what to do while Compose reads, as
    it takes as long as our own imports. Variables that `.env` sets are taken from
    there even where the operator's shell has others of that name, so that every run
    sees the same project.
    """
    for name in EnvFile(directory / ".env").names():
        os.environ.pop(name, None)
    command = ["compose", "--file", str(directory / "compose.yaml"), "--profile", "*"]
    reading = _begin([*command, "config", "--format", "json"])
    try:
        meanwhile()
        text = _output(reading, "Compose cannot read the project", _QUICK, lambda: None)
    except EngineError as error:
        _explain_compose()
        raise ConfigurationError(error.what, error.why) from error
    from fream_compose.settings import parse

    return Project(parse(json.loads(text), directory))


def preload() -> None:
    """Import python-on-whales, which takes a while, at a moment when there is time for it."""
    import python_on_whales  # noqa: F401


def engine() -> Engine:
    """Ask the engine about itself. Raises EngineError, ConfigurationError without Docker."""
    what = "Docker does not answer"
    told = json.loads(_run(["info", "--format", "{{json .}}"], what))
    if not told.get("ServerVersion"):
        raise EngineError(what, "\n".join(told.get("ServerErrors") or ()))
    registries = told.get("RegistryConfig") or {}
    named = (registries.get("IndexConfigs") or {}).items()
    ranges = registries.get("InsecureRegistryCIDRs") or ()
    return Engine(
        version=told["ServerVersion"],
        root=Path(told["DockerRootDir"]),
        # Nine digits of a second are more than Python 3.11 reads.
        time=datetime.fromisoformat(re.sub(r"\.\d+", "", told["SystemTime"])),
        insecure=(*ranges, *(host for host, index in named if not index["Secure"])),
        proxy=told.get("HttpsProxy") or told.get("HttpProxy") or "",
    )


def endpoint() -> str:
    """Where the `docker` command looks for the engine. Raises EngineError."""
    command = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    return _run(command, "Docker's context could not be read").strip()


def compose_version() -> str:
    """The version of the Compose plugin. Raises EngineError, ConfigurationError without Docker."""
    return _run(["compose", "version", "--short"], "Docker Compose v2 does not answer").strip()


def _references_in_use() -> frozenset[str]:
    """What the containers of this server were made from: ids, and every form of their names."""
    command = ["container", "ls", "--all", "--no-trunc", "--format", "{{.Image}}"]
    names = _run(command, "Docker could not list the containers").split()
    # An image that was asked for by tag and digest is known by its digest alone.
    pinned = [f"{repository(name)}@{name.partition('@')[2]}" for name in names if "@" in name]
    return frozenset([*names, *pinned])


def _image(facts: dict[str, Any], repository: str, used: frozenset[str]) -> Image:
    tags, digests = facts["RepoTags"] or [], facts["RepoDigests"] or []
    known = {facts["Id"], facts["Id"].removeprefix("sha256:"), *tags, *digests}
    return Image(
        id=facts["Id"],
        tags=_names(tags, f"{repository}:"),
        digests=_names(digests, f"{repository}@"),
        bytes=facts["Size"],
        used=not known.isdisjoint(used),
    )


def _familiar(repository: str) -> str:
    """A repository's name as Docker prints it."""
    return repository.removeprefix("docker.io/").removeprefix("library/")


def _names(references: list[str], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in references if name.startswith(prefix))


def _explain_compose() -> None:
    try:
        compose_version()
    except EngineError as error:
        raise ConfigurationError(
            "Docker Compose v2 is needed", error.why, next_step="script/bootstrap installs it"
        ) from error


def _become(arguments: list[str]) -> NoReturn:
    os.execvp("docker", ["docker", *arguments])  # noqa: S606  # a list, no shell


def _run(
    arguments: list[str],
    what: str,
    limit: int = _QUICK,
    check: Callable[[], None] = lambda: None,
) -> str:
    """Run what python-on-whales does not offer, or not without many calls. Raises EngineError."""
    return _output(_begin(arguments), what, limit, check)


def _begin(arguments: list[str]) -> subprocess.Popen[str]:
    _LOG.debug("docker %s", shlex.join(arguments))
    try:
        return subprocess.Popen(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ConfigurationError(
            "Docker is not installed", str(error), next_step="script/bootstrap installs it"
        ) from error


def _output(
    process: subprocess.Popen[str], what: str, limit: int, check: Callable[[], None]
) -> str:
    try:
        out, err = _finish(process, what, limit, check)
    except BaseException:
        # The whole group: a plugin of Docker's holds the pipes, too.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode:
        raise EngineError(what, _last_lines(err or out))
    return out


def _finish(
    process: subprocess.Popen[str], what: str, limit: int, check: Callable[[], None]
) -> tuple[str, str]:
    for _ in range(limit * 4):
        try:
            return process.communicate(timeout=0.25)
        except subprocess.TimeoutExpired:
            check()
    raise EngineError(what, f"Docker did not answer within {limit} s", next_step="docker info")
