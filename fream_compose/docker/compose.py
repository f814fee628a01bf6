"""Compose, driven for one project: how its services are started, stopped and removed."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fream_compose.docker import local_images
from fream_compose.docker.changes import NOTHING, PULL, START, T, change
from fream_compose.docker.containers import stop_seconds
from fream_compose.docker.exposure import reject_exposed
from fream_compose.docker.farewell import remove_found
from fream_compose.docker.reads import QUICK, fingerprints, template
from fream_compose.docker.reads import compose as arguments_of
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project.envfile import version_variable
from fream_compose.project.secret_values import SecretValues
from fream_compose.release import SetName, Version

if TYPE_CHECKING:
    from fream_compose.docker.changes import DockerClient
    from fream_compose.project.settings import Settings

_DISCARD = 5  # seconds that an app which nobody used gets to stop
_QUIET = {"COMPOSE_PROGRESS": "quiet"}  # what it then prints is why it failed


class Compose:
    """Drives Compose for one project."""

    def __init__(self, settings: "Settings") -> None:
        self.settings = settings
        self._secrets = SecretValues(settings.switch, settings.compose_directory)
        self._exposes_none = False

    def secrets(self, check: Callable[[], None] = lambda: None) -> Mapping[str, str]:
        """What Compose gets in its environment to create containers: as SecretValues.values().

        Raises ConfigurationError, also where they would not reach containers as files only.
        """
        values = self._secrets.values(check)
        if values and not self._exposes_none:
            reject_exposed(self.settings.compose_directory, values)
            self._exposes_none = True
        return values

    def start(self, name: SetName, version: Version, services: Sequence[str] = ()) -> None:
        """Create and start a set with a version; what runs is left as it is.

        Of what its images are, fetch() has decided. One that waits for others of the set, as for
        a job that must be done, gets the time in which it must be healthy.
        services: these of the set; else all that start with it. Raises EngineError.
        """
        services = list(services or self.settings.early_services(name))
        self._change(
            lambda docker: docker.compose.up(
                services=services,
                detach=True,
                no_build=True,
                dependencies=False,
                recreate=False,
                quiet=True,
                pull="missing",
            ),
            f"{', '.join(services)} could not be started",
            START + math.ceil(self.settings.health_seconds),
            environment={**self.secrets(), version_variable(name): str(version)},
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
        values, refused = NOTHING, None
        try:
            values = self.secrets(check)
        except ConfigurationError as error:
            if recreate:
                raise
            refused = error  # what is there starts without them
        # python-on-whales has no such option, but passes on what stands before the services.
        grace = [] if stop_seconds is None else ["--timeout", str(stop_seconds)]
        try:
            self._change(
                lambda docker: docker.compose.up(
                    services=[*grace, *services],
                    detach=True,
                    no_build=True,
                    dependencies=False,
                    recreate=recreate,
                    quiet=True,
                    wait=True,
                    wait_timeout=seconds,
                ),
                f"{', '.join(services)} could not be started",
                PULL + seconds,
                check,
                values,
            )
        except EngineError as error:
            if refused:
                raise refused from error
            raise

    def stop(self, name: SetName) -> None:
        """Stop what starts with a set; start() starts the same containers again.

        Raises EngineError.
        """
        services = list(self.settings.early_services(name))
        self._change(
            lambda docker: docker.compose.stop(services=services),
            f"{name} could not be stopped",
            self._limit(name),
        )

    def remove(self, name: SetName) -> None:
        """Stop and remove what starts with a set, with its anonymous volumes; fine without any.

        Raises EngineError.
        """
        services = list(self.settings.early_services(name))
        self._change(
            lambda docker: docker.compose.rm(services=services, stop=True, volumes=True),
            f"{name} could not be removed",
            self._limit(name),
        )

    def _limit(self, name: SetName) -> int:
        spec = self.settings.sets[name]
        return QUICK + stop_seconds(self.settings.project, spec.stop_seconds, spec.services)

    def discard(self, name: SetName, last: Callable[[], None] = lambda: None) -> None:
        """Remove a set that never served, without the time that a served app gets to finish.

        An app that has just started may not listen to SIGTERM yet. Its workers get their
        full time: they may have taken a job. last: to be done once the app has stopped, before
        it is removed. Raises EngineError.
        """
        self._change(
            lambda docker: docker.compose.stop(services=[str(name)], timeout=_DISCARD),
            f"{name} could not be removed",
        )
        last()
        self.remove(name)

    def down(self, volumes: bool) -> None:
        """Stop and remove everything of the project, and the anonymous volumes of the sets.

        volumes: all others, too, and the claim on images. Raises EngineError.
        """
        settings, what = self.settings, "The project could not be taken down"
        graces = sum(spec.stop_seconds for spec in settings.sets.values())
        limit = START + stop_seconds(settings.project, graces + settings.infra_stop_seconds)
        of_sets = [service for spec in settings.sets.values() for service in spec.services]
        first = None if volumes else of_sets
        self._change(
            lambda docker: docker.compose.rm(services=first, stop=True, volumes=True), what, limit
        )
        self._change(lambda docker: docker.compose.down(volumes=volumes, quiet=True), what, limit)
        if volumes:
            local_images.forget_images(settings.project)

    def one_off(self, service: str, command: Sequence[str], check: Callable[[], None]) -> str:
        """What a command prints in a new container of a service. Raises EngineError."""
        return self._change(
            lambda docker: str(
                docker.compose.run(
                    service, list(command), tty=False, dependencies=False, remove=True
                )
            ),
            f"{command[0]} failed in a container of {service}",
            PULL,
            check,
            self.secrets(check),
        )

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

    def one_off_command(
        self, name: SetName, container: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        """The command line that runs a command in a new container of a set's release.

        It must be run in the folder of the Compose files. A hook is a process whose id is
        on record while it prints, which python-on-whales keeps to itself.
        """
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        options = ["--rm", "--no-deps", "--no-TTY", "--quiet-pull", f"--name={container}"]
        return ["docker", *arguments_of("run", *options, *variables, str(name), *command)]

    def end_one_offs(self) -> None:
        """Remove the containers that one_off_command() made, fine when there are none."""
        mine = f"label=com.docker.compose.project={self.settings.project}"
        filters = ["label=com.docker.compose.oneoff=True", f"name=^{self.one_off_prefix}"]
        remove_found([mine, *filters], "The containers of hooks could not be removed")

    @property
    def one_off_prefix(self) -> str:
        """How the names of containers for hooks begin."""
        return f"{self.settings.project}-hook-"

    def fingerprints(self, services: Sequence[str]) -> frozenset[tuple[str, ...]]:
        """Services, each with the fingerprint of its settings of now. Raises EngineError."""
        return fingerprints(self.settings.compose_directory, services)

    def template(self) -> dict[str, Any]:
        """The Compose files as one, its variables not filled in. Raises EngineError."""
        return template(self.settings.compose_directory)

    def _change(
        self,
        call: "Callable[[DockerClient], T]",
        what: str,
        limit: int = QUICK,
        check: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] = NOTHING,
    ) -> T:
        folder = self.settings.compose_directory
        return change(call, what, limit, check, folder, {**_QUIET, **environment})
