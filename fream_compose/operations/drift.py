"""What is set and does not hold yet: each difference, and the command with which it does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fream_compose import times
from fream_compose.docker.facts import Condition, seconds
from fream_compose.docker.project import Project
from fream_compose.errors import EngineError, ProxyError
from fream_compose.image_reference import ImageReference
from fream_compose.nginx import include
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.live_record import checks_as
from fream_compose.project.notes import Checked
from fream_compose.project.release_services import APP
from fream_compose.project.settings import ServiceSettings, Settings

_RECREATE = "fream up infra --recreate"
_RELEASE = "the next fream switch"
_RELOAD = "fream reload"
# Written by fream, which has nginx confirm them; and what nginx reads anew for each answer.
_NOT_READ_ONCE = re.compile(r"(.*/)?(\..*|.*~|README.*|.*\.(html|md)|(pages|www)/.*)")
_OWN = (include.LINK, "maintenance.inc", "maintenance-allow.inc")
_PLACE = re.compile(r"/etc/nginx/(?P<file>[^\s:]+):(?P<line>\d+)")


@dataclass(frozen=True)
class Drift:
    """A difference between what runs now and what is set, and how it takes effect."""

    what: str
    now: str
    wanted: str
    takes_effect: str

    @property
    def stops_a_release(self) -> bool:
        """Whether nginx refuses what is set, and with it any release."""
        return "[emerg]" in self.wanted

    @property
    def summary(self) -> str:
        """For people, in one line."""
        return f"{self.what}: {self.now} now; {self.wanted} is set; {self.takes_effect}"


def drift_of(project: Project, proxy: Proxy, seen: Snapshot) -> tuple[Drift, ...]:
    """Everything that is set and does not hold yet. Looks, changes nothing."""
    settings = project.settings
    live, notes = seen.live, settings.state.notes
    checked = notes.checked(live.set, str(live.version)) if live else None
    return (
        *of_containers(settings, seen),
        *of_health(settings, seen, checked),
        *_of_nginx(settings, proxy, seen),
    )


def pending(project: Project, proxy: Proxy, seen: Snapshot) -> tuple[Drift, ...]:
    """The same, and all else that `fream up infra --recreate` makes anew. Raises EngineError."""
    found = drift_of(project, proxy, seen)
    infra = [c for c in seen.conditions if c.service in project.settings.infra and c.fingerprint]
    told = " ".join(drift.what for drift in found)
    wanted = project.compose.fingerprints([c.service for c in infra]) if infra else frozenset()
    others = (c.service for c in infra if (c.service, c.fingerprint) not in wanted)
    return found + tuple(
        Drift(f"settings of {service}", "as its container was made", "something else", _RECREATE)
        for service in others
        if f" of {service}" not in told
    )


def of_containers(settings: Settings, seen: Snapshot) -> Iterator[Drift]:
    """Containers that were made with other settings than those of now. Pure."""
    for now in seen.conditions:
        wanted, name = settings.services.get(now.service), settings.set_of(now.service)
        if wanted and (name is None or (seen.live and seen.live.set == name)):
            by_hand = f"cd {settings.compose_directory}; docker compose up -d {now.service}"
            ours = _RECREATE if now.service in settings.infra else by_hand
            yield from _of_container(now, wanted, _RELEASE if name else ours)


def _of_container(now: Condition, wanted: ServiceSettings, takes_effect: str) -> Iterator[Drift]:
    # The version of a release is not compared: that .env disagrees is told as such.
    name = _name if takes_effect is _RELEASE else str
    if name(now.reference) != name(wanted.image):
        yield Drift(f"image of {now.service}", now.reference, wanted.image, takes_effect)
    if not _same_ports(now.published, wanted.published):
        differ = (_listed(now.published), _listed(wanted.published))
        yield Drift(f"ports of {now.service}", *differ, takes_effect)
    if wanted.networks and now.networks != wanted.networks:
        differ = (_listed(now.networks), _listed(wanted.networks))
        yield Drift(f"networks of {now.service}", *differ, takes_effect)
    if now.confined != wanted.confined:
        differ = _listed(now.confined - wanted.confined), _listed(wanted.confined - now.confined)
        yield Drift(f"confinement of {now.service}", *differ, takes_effect)


def _name(image: str) -> str:
    return ImageReference.parse(image).name


def _same_ports(now: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether each port is published as is wanted; one without a number may have any."""
    free = {_anywhere(port) for port in wanted if not port.rsplit(":", 2)[1]}
    return {p for p in now if _anywhere(p) not in free} == {
        p for p in wanted if _anywhere(p) not in free
    }


def _anywhere(port: str) -> tuple[str, str]:
    host, _, inner = port.rsplit(":", 2)
    return host, inner


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values)) or "none"


def of_health(settings: Settings, seen: Snapshot, checked: Checked | None) -> Iterator[Drift]:
    """A health check, where another is set than the live release was found good with. Pure."""
    live, wanted = seen.live, settings.checks
    if not (checked and live):
        return
    then = checks_as(checked, settings)
    runs, members = {c.service for c in seen.conditions}, settings.sets[live.set].members
    # A service that comes with the next release is no change of a check.
    new = {name for name in wanted if checked.checks and members.get(name) in runs}
    for name in sorted({*then} | new):
        before, now = (str(checks.get(name) or "none") for checks in (then, wanted))
        if before != now:
            path = name == APP and then[name].by == wanted[name].by == "http"
            what = "health path" if path else f"health check of {name}"
            yield Drift(what, before, now, _RELEASE)


def _of_nginx(settings: Settings, proxy: Proxy, seen: Snapshot) -> Iterator[Drift]:
    """Files of nginx that are newer than what runs, and what nginx refuses of them."""
    container, folder = settings.nginx_container, settings.nginx_directory
    now = next((c for c in seen.conditions if c.name == container), None)
    if now is None:
        return
    if not seen.silent and proxy.routes_pending():
        yield Drift("routes", "those that nginx has read", "others", _RELOAD)
    newer = () if seen.silent else tuple(_newer(folder, proxy, now.started))
    if (newer or seen.silent) and (refusal := _refusal(proxy)):
        runs = "nothing: nginx does not start" if seen.silent else "the files before the change"
        then = "fream recover" if seen.silent else _RELOAD
        yield Drift(place(refusal, folder), runs, refusal, f"correct it, then: {then}")
    for path, moment in newer:
        yield Drift(
            f"{folder.name}/{path.relative_to(folder)}",
            "the file before the change",
            f"the change of {times.moment(datetime.fromtimestamp(moment, UTC))}",
            _RELOAD,
        )


def _newer(folder: Path, proxy: Proxy, started: str) -> Iterator[tuple[Path, float]]:
    """Files that nginx has not read. started: when its container was, which is quickly known."""
    if any(newer_files(folder, seconds(started))):
        yield from newer_files(folder, proxy.read_at())


def _refusal(proxy: Proxy) -> str:
    """What nginx says of its files; empty when it accepts them, or cannot be asked."""
    try:
        proxy.test_beside()
    except ProxyError as error:
        return next((line for line in error.why.splitlines() if "[emerg]" in line), error.why)
    except EngineError:
        pass
    return ""


def place(refusal: str, folder: Path) -> str:
    """The file and line that nginx complains of, as seen on this server. Pure."""
    found = _PLACE.search(refusal)
    return f"{folder.name}/{found['file']}:{found['line']}" if found else f"{folder.name}/"


def newer_files(folder: Path, read: float | None) -> Iterator[tuple[Path, float]]:
    """Files that nginx reads when it starts or reloads, and that changed since it did.

    read: seconds since 1970; None when it is not known. Yields when each was changed.
    """
    for path in sorted(folder.rglob("*")) if read else ():
        inside = path.relative_to(folder)
        top = inside.parts[0]
        if _NOT_READ_ONCE.fullmatch(str(inside)) or top.startswith(".") or top in _OWN:
            continue
        # A file that is copied or moved here keeps its time of modification.
        moment = max(path.stat().st_mtime, path.stat().st_ctime) if path.is_file() else 0.0
        if read and moment > read:
            yield path, moment
