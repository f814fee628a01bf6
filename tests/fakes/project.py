"""A Compose project whose containers exist in memory only."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fream_compose.docker.changes import NOTHING
from fream_compose.docker.facts import Condition, Container, Mount, Origin
from fream_compose.docker.local_images import Image
from fream_compose.docker.neighbours import Clash
from fream_compose.docker.ports import PublishedPorts
from fream_compose.docker.project import Project
from fream_compose.docker.release_images import ReleaseImages, lacking
from fream_compose.errors import EngineError, FreamError
from fream_compose.project.layout import CONTROL
from fream_compose.project.settings import Settings
from fream_compose.release import SetName, Version
from tests.fakes.app import Behaviour, FakeApp
from tests.fakes.nginx import FakeNginx
from tests.fakes.workers import FakeWorkers

IMAGE_BYTES = 200_000_000
DISK_BYTES = 50_000_000_000


@dataclass
class Script:
    """What happens when an action is asked for: something first, then perhaps a failure."""

    first: Callable[[], None] = lambda: None
    error: FreamError | None = None


class FakeProject(Project, PublishedPorts, FakeWorkers):
    """Containers in memory; nginx and the app answer on real ports.

    registry: versions that can be pulled, with their digests. pulled: versions that are
    here; kept, kept_by_others: those that are marked. behaviours: how a tag behaves; else
    it is fine. script: by action, such as `up set2`, `remove set1`, `fetch 1.0.1`,
    `signal HUP`. restarts: how often nginx was. strangers: what other projects
    share. statuses: what Docker says of infra's containers. one_offs: by service, what a
    command in a new container prints; inside: in a running one, by its name. joined:
    containers and the networks that they were connected to. health_checks: by container.
    made_in: by service, the folder that its container was made in; else this project's.
    labels: of images, by id. made_with: what a service's container has that is set otherwise by
    now. moved: names that mean another image by now. named_again: those that were put right.

    It is its own Compose, containers and images: what it lacks of them fails at once.
    """

    def __init__(self, settings: Settings) -> None:
        PublishedPorts.__init__(self, settings)
        FakeWorkers.__init__(self)
        Project.__init__(self, settings, self, self, self)
        self.registry: dict[str, str] = {}
        self.pulled: dict[str, str] = {}
        self.kept: set[str] = set()
        self.kept_by_others: set[str] = set()
        self.absent: set[str] = set()  # images that no registry gives
        self.behaviours: dict[str, Behaviour] = {}
        self.script: dict[str, Script] = {}
        self.apps: dict[SetName, FakeApp] = {}
        self.infra: set[str] = set(settings.infra)
        self.made_with: dict[str, dict[str, Any]] = {}
        self.volumes_removed = False
        self.open_connections = 0
        self.restarts = 0
        self.recreated = False
        self.made_in: dict[str, Path] = {}
        self.one_offs: dict[str, str] = {}
        self.inside: dict[str, str] = {}
        self.programs: dict[str, list[str]] = {}
        self.joined: list[tuple[str, str]] = []
        self.health_checks: dict[str, str] = {}
        self.access_log: Path | None = None
        self.moved: set[str] = set()
        self.named_again: list[str] = []
        self.labels: dict[str, dict[str, str]] = {}
        self.strangers: tuple[Clash, ...] = ()
        self.statuses: dict[str, str] = {}
        self.nginx = FakeNginx(settings.nginx_directory, self.apps.get)

    def fail(self, action: str, why: str) -> None:
        """From now on an action fails."""
        self.script[action] = Script(error=EngineError(f"{action} failed", why))

    def before(self, action: str, do: Callable[[], None]) -> None:
        """Do something just before an action."""
        self.script[action] = Script(first=do)

    def running(self) -> dict[str, str]:
        """The sets that run, with their versions: what `docker ps` would show."""
        return {name: app.version for name, app in self.apps.items() if app.state == "running"}

    def close(self) -> None:
        """Stop every server."""
        self.down(volumes=False)

    def all(self) -> tuple[Container, ...]:
        self._act("containers")
        return self._containers()

    def _containers(self) -> tuple[Container, ...]:
        infra = [
            Container(f"id-{name}", self._name(name), name, *self._state(name), name)
            for name in sorted(self.infra)
        ]
        beside = (worker.container for worker in self.workers.values())
        return (*infra, *(self._container(name, app) for name, app in self.apps.items()), *beside)

    def origins(self) -> tuple[Origin, ...]:
        return tuple(self._origin(container) for container in self._containers())

    def _origin(self, container: Container) -> Origin:
        folder = self.made_in.get(container.service, self.settings.compose_directory)
        nginx = (str(folder.parent / "nginx"),) if container.service == "nginx" else ()
        files = (str(folder / "compose.yaml"),)
        return Origin(container.id, container.name, container.service, str(folder), files, nginx)

    def condition(self, container: str) -> Condition:
        return self.conditions([container])[0]

    @property
    def one_off_prefix(self) -> str:
        return f"{self.settings.project}-hook-"

    def one_off_command(
        self, name: SetName, container: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        raise AssertionError(f"{container}: {command} in {name} with {environment}: not expected")

    def exec_command(
        self,
        container: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        reads: bool = False,
    ) -> list[str]:
        """On this server instead, or the script that stands for the container's own program."""
        variables = [f"{key}={value}" for key, value in environment.items()]
        if container in self.programs and container.partition("-")[2] in self.infra:
            return ["env", *variables, *self.programs[container], *command[2:]]
        assert not reads, "only those read"
        return ["env", *variables, *command] if self._app(container) else ["false"]

    def end_one_offs(self) -> None:
        self._act("end_one_offs")

    def fingerprints(self, services: Sequence[str]) -> frozenset[tuple[str, ...]]:
        return frozenset((service, "as made") for service in services)

    def template(self) -> dict[str, Any]:
        raise AssertionError("no test has said what the Compose files are")

    def conditions(self, containers: Sequence[str]) -> tuple[Condition, ...]:
        return tuple(map(self._condition, containers))

    def _condition(self, container: str) -> Condition:
        for name, app in self.apps.items():
            if container in (f"id-{name}", self.settings.sets[name].container):
                return self._member(name, app)
        for worker in self.workers.values():
            if container in (worker.id, worker.container.name):
                return worker.condition
        for service in self.infra:
            if container in (f"id-{service}", self._name(service)):
                return self._infra(service)
        raise EngineError(f"{container} could not be inspected", f"No such container: {container}")

    def _infra(self, service: str) -> Condition:
        made = Condition(
            self._state(service)[0],
            name=self._name(service),
            service=service,
            started="1970-01-01T00:00:01Z",
            reference=self.settings.services[service].image,
            fingerprint="as made",
            published=self.settings.services[service].published,
            reached=self._reached() if service == "nginx" else (),
        )
        return replace(made, **self.made_with.get(service, {}))

    def _reached(self) -> tuple[tuple[int, str, int], ...]:
        https = ((a.inner, a.host, a.port) for a in self.settings.addresses["nginx"])
        mine = {8090: self.nginx.published, 80: self.nginx.users_published}
        own = ((inner, "127.0.0.1", port) for inner, port in mine.items() if port)
        return (*own, *(a for a in https if a[0] == 443))

    def members(self, name: SetName) -> tuple[Condition, ...]:
        self._act(f"members {name}")
        services = self.settings.sets[name].services
        beside = [w.condition for w in self.workers.values() if w.service in services]
        return (*(self._member(n, app) for n, app in self.apps.items() if n == name), *beside)

    def _member(self, name: SetName, app: FakeApp) -> Condition:
        reference = f"{self.settings.image}:{app.version}"
        image = f"image-{app.version.partition('@')[0]}"
        made = Condition(
            state=app.state,
            exit_code=app.exit_code,
            restarts=app.restarts,
            id=app.id,
            name=self.settings.sets[name].container,
            service=name,
            started=app.started,
            health=app.behaviour.health,
            image=app.behaviour.image or image,
            reference=reference,
            published=self.settings.services[name].published,
            reached=((self.settings.sets[name].inner_port, "127.0.0.1", app.published),),
        )
        return replace(made, **self.made_with.get(name, {}))

    def named(self, name: SetName, version: Version) -> Version:
        return version if self.settings.sets[name].pinned(version) else Version(version.tag)

    def label(self, image: str, name: str) -> str:
        return self.labels.get(image.removeprefix("image-"), {}).get(name, "")

    def misnamed(self, ids: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(sorted(self.moved & ids.keys()))

    def name(self, ids: Mapping[str, str]) -> None:
        self._act("name")
        self.moved -= ids.keys()
        self.named_again += ids

    def digests(self, image: str) -> tuple[str, ...]:
        return tuple(digest for tag, digest in self.pulled.items() if image == f"image-{tag}")

    def bytes_to_pull(self, _name: SetName, version: Version) -> int:
        if version.tag not in self.registry:
            raise EngineError(f"{version} is not in the registry", "no such manifest")
        return IMAGE_BYTES

    def logs(self, container: str, lines: int = 10) -> tuple[str, ...]:
        if container in (worker.container.name for worker in self.workers.values()):
            return (f"log of {container}",)
        app = self._app(container)
        return app.behaviour.logs[-lines:] if app else ()

    def execute(self, container: str, command: list[str]) -> str:
        self._act(f"execute {command[0]}")
        if container in self.inside:
            return self.inside[container]
        self._reject_stopped(container)
        if command[:2] == ["nginx", "-t"]:
            self.nginx.check(command[-1])
        return ""

    def try_out(self, container: str, command: list[str]) -> str:
        if container not in map(self._name, self.infra):
            raise EngineError(
                f"{container} could not be inspected", f"No such container: {container}"
            )
        self.nginx.check(command[-1])
        return ""

    def started(self, pid: int) -> float | None:
        return self.nginx.loaded_at if pid else None

    def join(self, container: str, network: str) -> None:
        self._act(f"join {network}")
        self.joined.append((container, network))

    def signal(self, container: str, name: str) -> None:
        self._act(f"signal {name}")
        if app := self._app(container):
            app.end(137)
            return
        self._reject_stopped(container)
        if name == "HUP":
            self.nginx.hup()

    def published(self, container: str, inner: int) -> int:
        if container == self.settings.nginx_container and inner == CONTROL:
            return self.nginx.published
        inside = {spec.container: spec.inner_port for spec in self.settings.sets.values()}
        app = self._app(container)
        return app.published if app and inside[container] == inner else 0

    def clashes(self) -> tuple[Clash, ...]:
        return self.strangers

    def nginx_version(self) -> str:
        self._act("nginx -v")
        return f"nginx version: nginx/{self.nginx.version}"

    def one_off(self, service: str, command: Sequence[str], check: Callable[[], None]) -> str:
        self._act(f"one-off {service} {command[0]}")
        check()
        return self.one_offs.get(service, "")

    def last_health_check(self, container: str) -> str:
        return self.health_checks.get(container, "")

    def test_nginx(self, check: Callable[[], None]) -> None:
        self._act("test nginx")
        check()
        self.nginx.check("/etc/nginx/nginx.conf")

    def restart(self, container: str) -> None:
        self._act("restart")
        self._reject_unknown(container)
        self.restarts += 1
        self.nginx.stop()
        self.statuses.pop("nginx", None)
        self.nginx.start()

    def processes(self, container: str) -> dict[int, str]:
        self._reject_stopped(container)
        return self.nginx.processes()

    def connections(self, container: str, port: int) -> int | None:
        known = {(spec.container, spec.inner_port) for spec in self.settings.sets.values()}
        return self.open_connections if (container, port) in known else None

    def follow(self, container: str, lines: int) -> subprocess.Popen[str]:
        if self.access_log is None:
            raise EngineError(f"{container} keeps no log", "this nginx is a fake")
        command = ["tail", "-n", str(lines), "-f", str(self.access_log)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def fetch(
        self,
        name: SetName,
        version: Version,
        check: Callable[[], None],
        contents: Mapping[str, str] = NOTHING,
        registry: bool = True,
    ) -> ReleaseImages:
        found, spec = self._fetched(version, check, registry), self.settings.sets[name]
        content, later = found.digest or f"image-{version.tag}", lacking(spec, found, contents)
        images = {
            reference: content if service == name else f"{content}-{service}"
            for service, reference in spec.references(version.tag).items()
            if service not in later
        }
        assert {**images, **contents} == images, "it is another image"
        return ReleaseImages(found, images, {name: f"image-{version.tag}"}, later)

    def _fetched(self, version: Version, check: Callable[[], None], registry: bool) -> Version:
        if not registry:
            return version
        self._act(f"fetch {version.tag}")
        check()
        known = self.pulled if version.digest or self.settings.switch.pull == "missing" else {}
        digest = known.get(version.tag, self.registry.get(version.tag))
        if digest is None:
            reference = f"{self.settings.image}:{version}"
            raise EngineError(f"{reference} could not be pulled", "manifest unknown")
        self.pulled[version.tag] = digest
        return version.pinned(digest) if digest and not version.digest else version

    def local_images(self, repositories: Iterable[str]) -> tuple[Image, ...]:
        assert [*repositories], "of some repository"
        self._act("local_images")
        used = {app.version for app in self.apps.values()}
        return tuple(
            Image(
                id=f"image-{tag}",
                repository=self.settings.image,
                tags=(tag,),
                digests=(digest,) if digest else (),
                contents=frozenset({f"image-{tag}", digest} - {""}),
                bytes=IMAGE_BYTES,
                used=bool(used & {tag, f"{tag}@{digest}"}),
                kept=tag in self.kept,
                kept_by_others=tag in self.kept_by_others,
            )
            for tag, digest in self.pulled.items()
        )

    def remove_images(self, images: Sequence[Image]) -> None:
        self._act("remove_images")
        for image in images:
            self.kept.discard(image.tags[0])
            if not image.kept_by_others:
                del self.pulled[image.tags[0]]

    def keep_images(self, needed: Sequence[Image]) -> None:
        self.kept |= {image.tags[0] for image in needed}

    def refused(self, error: EngineError, wanted: Iterable[str]) -> EngineError | None:
        missing = [image for image in wanted if image in self.absent]
        return EngineError(f"{error.what}: no {missing[0]}", error.why) if missing else None

    def free_bytes(self) -> int | None:
        return DISK_BYTES - IMAGE_BYTES * len(self.pulled)

    def end_of_log(self, container: str, limit: int, _seconds: float) -> bytes:
        self._act(f"end_of_log {container}")
        if not self.logs(container, 1):
            raise EngineError(f"The log of {container} could not be read", "No such container")
        return "".join(f"{line}\n" for line in self.logs(container, 1000)).encode()[-limit:]

    def log_trouble(self, _container: str) -> str:
        return ""

    def mounts(self, container: str) -> tuple[Mount, ...]:
        if container != self.settings.nginx_container:
            return ()
        self._reject_stopped(container)
        return (Mount(self.settings.nginx_directory, Path("/etc/nginx")),)

    def up_healthy(
        self,
        services: tuple[str, ...],
        seconds: int,
        check: Callable[[], None],
        recreate: bool = False,
        stop_seconds: int | None = None,
    ) -> None:
        assert seconds > 0
        assert stop_seconds is None or stop_seconds > 0
        self.recreated = recreate
        for service in services if recreate else ():
            self.made_in.pop(service, None)
        self._act("up " + " ".join(services))
        self.infra.update(services)
        if (
            "nginx" in self.infra
            and self._state("nginx")[0] != "restarting"
            and not self.nginx.running
        ):
            self.nginx.start()
        check()

    def secrets(self, _check: Callable[[], None] = lambda: None) -> Mapping[str, str]:
        self._act("secrets")
        return {}

    def start(self, name: SetName, version: Version, services: Sequence[str] = ()) -> None:
        wanted = services or self.settings.early_services(name)
        self._act("up " + " ".join(wanted))
        for service in wanted:
            if service != name:
                self.start_worker(service)
        if name not in wanted:
            return
        if name in self.apps:
            self.apps[name].start()
            return
        behaviour = self.behaviours.get(version.tag, Behaviour())
        if behaviour.start_error:
            raise EngineError(f"{name} could not be started", behaviour.start_error)
        self.apps[name] = FakeApp(str(version), self.settings.sets[name].port, behaviour)

    def stop(self, name: SetName) -> None:
        self._act(f"stop {name}")
        self.stop_workers(self.settings.early_services(name), remove=False)
        if app := self.apps.get(name):
            app.end(143)

    def remove(self, name: SetName) -> None:
        self._act(f"remove {name}")
        self.stop_workers(self.settings.early_services(name), remove=True)
        self.made_in.pop(name, None)
        if app := self.apps.pop(name, None):
            app.end(143)

    def discard(self, name: SetName, last: Callable[[], None] = lambda: None) -> None:
        last()
        self.remove(name)

    def down(self, volumes: bool) -> None:
        self._act("down")
        for name in list(self.apps):
            self.apps.pop(name).end(143)
        self.workers.clear()
        self.infra.clear()
        self.nginx.stop()
        self.volumes_removed |= volumes

    def start_by_hand(self, name: SetName, tag: str) -> None:
        """A set that runs without fream having been asked."""
        spec = self.settings.sets[name]
        self.apps[name] = FakeApp(tag, spec.port, self.behaviours.get(tag, Behaviour()))

    def _act(self, action: str) -> None:
        script = self.script.get(action, Script())
        script.first()
        if script.error:
            raise script.error

    def _state(self, service: str) -> tuple[str, str]:
        status = self.statuses.get(service, "Up 2 minutes")
        states = {"Up": "running", "Restarting": "restarting"}
        return states.get(status.split()[0], "exited"), status

    def _name(self, service: str) -> str:
        return f"{self.settings.project}-{service}"

    def _app(self, container: str) -> FakeApp | None:
        sets = self.settings.sets
        return next((a for n, a in self.apps.items() if sets[n].container == container), None)

    def _container(self, name: SetName, app: FakeApp) -> Container:
        image = f"{self.settings.image}:{app.version}"
        status = "Up 2 minutes" if app.state == "running" else f"Exited ({app.exit_code})"
        container = self.settings.sets[name].container
        return Container(f"id-{name}", container, name, app.state, status, image)

    def _reject_unknown(self, container: str) -> None:
        if container != self.settings.nginx_container:
            raise EngineError(f"{container} could not be restarted", "No such container")

    def _reject_stopped(self, container: str) -> None:
        if container != self.settings.nginx_container or not self.nginx.running:
            raise EngineError(f"{container} failed", "No such container")
