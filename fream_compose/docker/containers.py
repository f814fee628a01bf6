"""The containers of a project: what runs, how it fares, and what it is told."""

import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fream_compose.docker import farewell, kernel, listing
from fream_compose.docker.changes import change
from fream_compose.docker.container_log import log_end
from fream_compose.docker.ends import UNKNOWN, last_end
from fream_compose.docker.facts import (
    Condition,
    Container,
    Mount,
    Origin,
    condition_of,
    failed_check,
    mounts_of,
)
from fream_compose.docker.neighbours import Clash, clashes
from fream_compose.docker.ports import PublishedPorts
from fream_compose.docker.reads import follow, read, read_json, taken
from fream_compose.errors import EngineError
from fream_compose.release import SetName


class Containers(PublishedPorts):
    """The containers of a project."""

    def all(self) -> tuple[Container, ...]:
        """Every container of the project, running or not. Raises EngineError."""
        return listing.containers_where("project", self.settings.project)

    def origins(self) -> tuple[Origin, ...]:
        """Where each container of the project was made, one-off ones too. Raises EngineError."""
        return listing.origins_of(self.settings.project)

    def condition(self, container: str) -> Condition:
        """How a container fares. Raises EngineError when there is none."""
        return self.conditions([container])[0]

    def conditions(self, containers: Sequence[str]) -> tuple[Condition, ...]:
        """How containers fare, by their ids or names. Raises EngineError when one is gone."""
        if not containers:
            return ()
        what = f"{', '.join(containers)} could not be inspected"
        found = read_json(
            ["container", "inspect", *containers],
            what,
            lambda found: tuple(condition_of(f) for f, _ in zip(found, containers, strict=True)),
        )
        return tuple(_with_end(one) if one.exit_code == UNKNOWN else one for one in found)

    def members(self, name: SetName) -> tuple[Condition, ...]:
        """How the containers of a set fare. Raises EngineError."""
        services = self.settings.sets[name].services
        listed = [container for container in self.all() if container.service in services]
        return listing.still_there(self.conditions, listed)[1]

    def last_health_check(self, container: str) -> str:
        """What the last health check since the start printed as it failed. Raises EngineError."""
        command = ["container", "inspect", "--format", "{{json .State}}", container]
        return read_json(command, f"{container} could not be inspected", failed_check)

    def logs(self, container: str, lines: int = 10) -> tuple[str, ...]:
        """The end of a container's log, as log_end() says; nothing when it cannot be had."""
        return log_end(self.settings, container, lines)

    def end_of_log(self, container: str, limit: int, seconds: float) -> bytes:
        """What a container printed last: as farewell.end_of_log() says. Raises EngineError."""
        return farewell.end_of_log(container, limit, seconds)

    def log_trouble(self, container: str) -> str:
        """Why a container's log cannot be read; empty when it can."""
        try:
            read(["container", "logs", "--tail", "1", container], f"{container} has no log")
        except EngineError as error:
            return error.why or str(error)
        return ""

    def follow(self, container: str, lines: int) -> subprocess.Popen[str]:
        """Start printing a container's last log lines and all that come, on one pipe.

        The process ends by itself when nobody reads the pipe any more.
        """
        return follow(["container", "logs", "--follow", "--tail", str(lines), container])

    def exec_command(
        self,
        container: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        reads: bool = False,
    ) -> list[str]:
        """The command line that runs a command in a container that runs.

        reads: whether it reads what this one is told.
        """
        options = ["--interactive"] if reads else []
        options += [f"--env={key}={value}" for key, value in environment.items()]
        return ["docker", "exec", *options, container, *command]

    def execute(self, container: str, command: list[str]) -> str:
        """Run a command in a container and return its output. Raises EngineError."""
        what = f"{command[0]} failed in {container}"
        return change(lambda docker: str(docker.container.execute(container, command)), what)

    def signal(self, container: str, name: str) -> None:
        """Send a signal to a container's first process. Raises EngineError."""
        what = f"{container} could not be signalled"
        change(lambda docker: docker.container.kill(container, signal=name), what)

    def join(self, container: str, network: str) -> None:
        """Connect a container that runs to one more network. Raises EngineError."""
        what = f"{container} could not be connected to the network {network}"
        change(lambda docker: docker.network.connect(network, container), what)

    def restart(self, container: str) -> None:
        """Stop a container, by force after ten seconds, and start it again. Raises EngineError."""
        what = f"{container} could not be restarted"
        change(lambda docker: docker.container.restart(container, time=10), what)

    def let_go(self, container: str, grace: float) -> None:
        """Tell a container to stop, and return: as farewell.let_go() says."""
        farewell.let_go(container, grace)

    def end(self, containers: Sequence[Condition]) -> None:
        """Stop containers, each with its own grace, and remove them. Raises EngineError."""
        farewell.end(containers)

    def dispose(self, containers: Sequence[str]) -> None:
        """Remove containers by force, fine when they are gone. Raises EngineError."""
        farewell.dispose(containers)

    def processes(self, container: str) -> dict[int, str]:
        """The processes of a container: id to command line. Raises EngineError."""
        what = f"The processes of {container} could not be listed"
        out = read(["container", "top", container, "-eo", "pid,args"], what)
        return taken(out, what, _processes)

    def try_out(self, container: str, command: list[str]) -> str:
        """Run a command in a new container that has another one's image, files and network.

        That one need not run. Returns what was printed. Raises EngineError.
        """
        what = f"{command[0]} could not be tried beside {container}"
        form = "{{.Image}} {{.HostConfig.NetworkMode}}"
        printed = read(["container", "inspect", "--format", form, container], what)
        image, network = taken(printed, what, _pair)
        return run_once(image, command, what, network, files_of=container)

    def started(self, pid: int) -> float | None:
        """When a process on this server was started, in seconds since 1970; None if unknown."""
        return kernel.started(pid)

    def connections(self, container: str, port: int) -> int | None:
        """How many connections to a port inside a container are open.

        Read from the kernel's table of the container's network; None where this user
        may not, or the container is gone.
        """
        try:
            pid = next(iter(self.processes(container)))
            return kernel.connections(pid, port)
        except (EngineError, OSError, StopIteration):
            return None

    def mounts(self, container: str) -> tuple[Mount, ...]:
        """The folders and files of this server in a container. Raises EngineError."""
        command = ["container", "inspect", "--format", "{{json .Mounts}}", container]
        return read_json(command, f"{container} could not be inspected", mounts_of)

    def published(self, container: str, inner: int) -> int:
        """On which port of this server a container's port is; 0 while it does not run."""
        return listing.published(container, inner)

    def clashes(self) -> tuple[Clash, ...]:
        """What other projects share with this one, and must not. Raises EngineError."""
        return clashes(self.settings)


def _with_end(one: Condition) -> Condition:
    """How a container that was restarted ended before, where Docker still knows it."""
    end = last_end(one.id)
    return replace(one, exit_code=end[0], starved=end[1]) if end else one


def stop_seconds(project: str, wanted: float, services: Collection[str] = ()) -> int:
    """What containers may take to stop one after the other, each with the grace it was made with.

    wanted: by what is set now, where that is more or they cannot be asked. services: whose;
    those of all services without them.
    """
    made_with = 0.0
    with suppress(EngineError):
        found = listing.containers_where("project", project)
        if ids := [c.id for c in found if not services or c.service in services]:
            command = ["container", "inspect", *ids]
            made_with = read_json(command, "They could not be inspected", _graces)
    return int(max(wanted, made_with))


def _graces(found: list[dict[str, Any]]) -> float:
    return sum(condition_of(each).grace for each in found)


def _processes(printed: str) -> dict[int, str]:
    # Not splitlines(): what a process calls itself may hold the other line separators.
    rows = (line.split(maxsplit=1) for line in printed.split("\n")[1:] if line)
    return {int(pid): args for pid, args in rows}


def _pair(printed: str) -> tuple[str, str]:
    one, other = printed.split()
    return one, other


def run_once(
    image: str, command: Sequence[str], what: str, network: str, files_of: str | None = None
) -> str:
    """What a command prints, errors included, in a new container of an image that is here.

    what: did not work when it fails. files_of: a container. Raises EngineError.
    """
    volumes_from = [files_of] if files_of else []
    # Streamed, as python-on-whales would let errors out on the terminal otherwise.
    return change(
        lambda docker: b"".join(
            line
            for _, line in docker.container.run(
                image,
                command[1:],
                entrypoint=command[0],
                networks=[network],
                volumes_from=volumes_from,
                remove=True,
                pull="never",
                stream=True,
            )
        ).decode(errors="replace"),
        what,
    )
