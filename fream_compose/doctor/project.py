"""What there is to know of a project that Compose can read."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from fream_compose import grpc_health, http
from fream_compose.docker import ports
from fream_compose.docker.facts import Mount
from fream_compose.docker.project import Project
from fream_compose.doctor.https import HttpsFacts, https_facts
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.drift import Drift, drift_of
from fream_compose.operations.ownership import refusal
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.through_nginx import CONNECTED_SECONDS
from fream_compose.project.layout import HTTPS
from fream_compose.project.settings import Settings
from fream_compose.release import SetName


@dataclass(frozen=True)
class Zone:
    """A container's time zone: its name, its offset, and the one that the name stands for.

    right_offset: empty when this server knows no such zone.
    """

    name: str
    offset: str
    right_offset: str


@dataclass(frozen=True)
class ProjectFacts:
    """A project and what runs of it.

    taken: ports that others hold: what is wrong, and what to do. mounts: nginx's; None
    while it does not run, and so is zone. upstreams: for each set that runs the address
    at which nginx finds it; empty where it finds none. image_bytes: the size to expect
    of the next image; zero when there is none to judge by. foreign: why what runs is not
    this folder's; then nothing else is known of it. drift: what is set and does not hold yet.
    log_trouble: why nginx's log cannot be read. grpc: whether the library of gRPC is here.
    https: None where it is off, or nothing can be known of it.
    """

    settings: Settings
    snapshot: Snapshot
    taken: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] | None = None
    zone: Zone | None = None
    upstreams: tuple[tuple[SetName, str], ...] = ()
    image_bytes: int = 0
    foreign: ConfigurationError | None = None
    drift: tuple[Drift, ...] = ()
    log_trouble: str = ""
    grpc: bool = True
    https: HttpsFacts | None = None


def project_facts(project: Project, proxy: Proxy) -> ProjectFacts:
    """Look at a project. Raises EngineError and ConfigurationError."""
    snapshot, settings = take_snapshot(project, proxy), project.settings
    if error := refusal(project):
        return ProjectFacts(settings, snapshot, foreign=error)
    nginx = settings.nginx_container if snapshot.nginx_runs else ""
    asked = () if snapshot.silent else sorted(snapshot.running)
    return ProjectFacts(
        settings=settings,
        snapshot=snapshot,
        taken=_taken(settings, snapshot),
        mounts=project.containers.mounts(nginx) if nginx else None,
        zone=_zone(project, nginx) if nginx else None,
        upstreams=tuple((name, _upstream(settings, proxy, name)) for name in asked),
        image_bytes=_next_size(snapshot, project),
        drift=drift_of(project, proxy, snapshot),
        grpc=grpc_health.installed(),
        https=https_facts(project, proxy, snapshot),
        log_trouble=project.containers.log_trouble(nginx) if nginx else "",
    )


def _taken(settings: Settings, snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """The ports of services that do not hold them, and that another process holds."""
    wanted = dict(settings.addresses)
    wanted |= {name: (spec.address,) for name, spec in settings.sets.items()}
    running = {c.service for c in snapshot.containers if c.holds_ports}
    free = [(name, wanted[name]) for name in wanted.keys() - running]
    reached = {inner for c in snapshot.conditions for inner, _, _ in c.reached}
    if "nginx" in running and HTTPS not in reached:
        # HTTPS was turned on, and nginx not made anew yet.
        free.append(("nginx", tuple(a for a in wanted["nginx"] if a.inner == HTTPS)))
    found = []
    for service, addresses in free:
        try:
            ports.reject_taken({service: addresses})
        except ConfigurationError as error:
            found.append((error.what, error.next_step))
    return tuple(sorted(found))


def _zone(project: Project, container: str) -> Zone | None:
    try:
        printed = project.containers.execute(container, ["sh", "-c", "echo $TZ; date +%z"]).split()
    except EngineError:
        return None
    return zone_of(printed[0], printed[1]) if len(printed) == 2 else None


def zone_of(name: str, offset: str) -> Zone | None:
    """A container's zone beside the truth; None where this server has no zones to compare."""
    if not available_timezones():
        return None
    try:
        return Zone(name, offset, datetime.now(ZoneInfo(name)).strftime("%z"))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is one, too
        return Zone(name, offset, "")


def _upstream(settings: Settings, proxy: Proxy, name: SetName) -> str:
    health = settings.switch.health
    try:
        upstream = proxy.ask(name, health.path, CONNECTED_SECONDS, health.headers).upstream
    except (http.Garbled, http.TooLate):
        # nginx hands on what is no HTTP, and its own headers not with it; or waits for an answer.
        return "an address"
    except http.Unreachable:
        return ""
    # Where nginx knows no address it gives the name of its upstream block.
    return upstream if upstream[:1].isdigit() else ""


def _next_size(snapshot: Snapshot, project: Project) -> int:
    """The size of the live images, or else of the largest one that is here."""
    settings, live = project.settings, snapshot.live
    spec = settings.sets[live.set if live else SetName.SET1]
    sizes = {image.id: image.bytes for image in project.images.local_images(spec.repositories)}
    ids = {c.image for c in snapshot.conditions if live and c.service in spec.images}
    return sum(sizes.get(each, 0) for each in ids) or max(sizes.values(), default=0)
