"""Checks of a project and of what runs of it. Pure."""

from pathlib import Path

from fream_compose.docker.facts import Mount
from fream_compose.doctor.finding import Finding, Verdict, fails, ok, warning
from fream_compose.doctor.https_checks import https_findings
from fream_compose.doctor.project import ProjectFacts, Zone
from fream_compose.doctor.server_checks import number
from fream_compose.grpc_health import INSTALL
from fream_compose.operations.diagnosis import Fault, cause, diagnose, trouble
from fream_compose.operations.drift import Drift
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.place import same_place
from fream_compose.project.settings import Settings
from fream_compose.release import SetName

_KEEPS_IDLE_CONNECTIONS = (1, 27, 4)
_INSIDE = Path("/etc/nginx")
_INCLUDE = _INSIDE / "service-url.inc"
_CUTS_USERS = {Fault.NGINX_STOPPED, Fault.NGINX_SILENT, Fault.LOST, Fault.LIVE_SET}


def project_findings(facts: ProjectFacts) -> tuple[Finding, ...]:
    """Every check of a project."""
    if facts.foreign:
        return (fails("owner", facts.foreign.what, facts.foreign.next_step),)
    findings = [ports(facts.taken), variables(facts.settings), nginx(facts.snapshot)]
    findings.append(health(facts.settings, facts.grpc))
    if facts.mounts is not None:
        findings.append(mounts(facts.mounts, facts.settings.nginx_directory))
        findings.append(log(facts.log_trouble))
    findings.append(names(facts.snapshot, dict(facts.upstreams)))
    if facts.zone:
        findings.append(time_zone(facts.zone))
    findings += https_findings(facts.https)
    return (*findings, *workers(facts.snapshot), *drift(facts.snapshot, facts.drift))


def ports(taken: tuple[tuple[str, str], ...]) -> Finding:
    """Each published port is ours or free."""
    if taken:
        whats, remedies = zip(*taken, strict=True)
        return fails("ports", "; ".join(whats), "\n".join(remedies))
    return ok("ports", "All that are published are free or ours")


def variables(settings: Settings) -> Finding:
    """Secrets reach the app as files, which `docker inspect` does not show."""
    sets = (settings.services[name].secret_variables for name in SetName)
    if not (names := sorted(frozenset[str]().union(*sets))):
        return ok("variables", "The app has none in its environment")
    shown = f"{', '.join(names)} in the environment of the app: `docker inspect` shows it"
    return ok("variables", f"{shown}, as does each process of the app; a file does not")


def health(settings: Settings, grpc: bool) -> Finding:
    """How each service is found good, and whether this server can ask so."""
    if not grpc and any(check.by == "grpc" for check in settings.checks.values()):
        return fails(
            "health", "A health check by grpc needs grpcio, which is not installed", INSTALL
        )
    shown = "; ".join(f"{name} by {check.by} ({check})" for name, check in settings.checks.items())
    return ok("health", f"A release is found good: {shown}")


def nginx(snapshot: Snapshot) -> Finding:
    """nginx keeps the idle connections of users when it reloads."""
    version = snapshot.nginx_version
    if not version:
        return ok("nginx", "It does not run, so its version is not known")
    if number(version) < _KEEPS_IDLE_CONNECTIONS:
        text = (
            f"nginx {version} has no keepalive_min_timeout: "
            "each reload cuts idle keep-alive connections, and requests on them fail"
        )
        return warning("nginx", text, "Set NGINX_IMAGE in .env to nginx 1.27.4 or later")
    return ok("nginx", f"nginx {version} keeps idle connections at a reload")


def mounts(found: tuple[Mount, ...], directory: Path) -> Finding:
    """nginx sees the folder that fream writes to, and no single file that goes stale."""
    whole = next((mount.source for mount in found if mount.target == _INSIDE), None)
    stale = [m.target for m in found if m.target == _INCLUDE]
    if not (whole and same_place(whole, directory)) or stale:
        text = f"nginx does not read {directory}: {_mounted(whole, stale)}"
        remedy = f"Mount the whole folder {directory} at {_INSIDE}, then: fream up infra --recreate"
        return fails("mounts", text, remedy)
    return ok("mounts", f"nginx reads the whole folder {directory}")


def _mounted(whole: Path | None, stale: list[Path]) -> str:
    if stale:
        return f"{stale[0]} is mounted as a single file, which stays the old one when replaced"
    return f"{_INSIDE} is {whole}" if whole else f"nothing is mounted at {_INSIDE}"


def log(trouble: str) -> Finding:
    """What nginx logs can be read, as the evidence of a switch needs."""
    if trouble:
        text = f"nginx's log cannot be read, so a release has no evidence: {trouble}"
        remedy = "Give nginx the log driver json-file or local, then: fream up infra --recreate"
        return warning("log", text, remedy)
    return ok("log", "nginx's log can be read, and with it the evidence of a switch")


def names(snapshot: Snapshot, upstreams: dict[SetName, str]) -> Finding:
    """nginx finds each set that runs by its name. A set that does not run has no address."""
    if snapshot.silent or not upstreams:
        return ok("names", "No set runs that nginx could be asked for")
    if lost := [name for name in sorted(upstreams) if not upstreams[name]]:
        live = snapshot.live is not None and snapshot.live.set in lost
        text = f"nginx does not find {' and '.join(lost)} by name"
        remedy = "fream up; if it stays so, compare the network and aliases in the Compose files"
        return (fails if live else warning)("names", text, remedy)
    found = ", ".join(f"{name} at {upstreams[name]}" for name in sorted(upstreams))
    return ok("names", f"nginx finds {found}")


def time_zone(zone: Zone) -> Finding:
    """Containers keep the time of their TZ."""
    if not zone.right_offset:
        text = f"TZ={zone.name} is no time zone; containers take it for UTC"
        return warning("time zone", text, "Set TZ in .env, such as Asia/Seoul or UTC")
    if zone.offset != zone.right_offset:
        text = f"TZ={zone.name}, but nginx keeps UTC{zone.offset}: its image lacks time zones"
        return warning("time zone", text, "Use an image with tzdata, or set TZ=UTC")
    return ok("time zone", f"{zone.name}, UTC{zone.offset}")


def drift(snapshot: Snapshot, drifted: tuple[Drift, ...] = ()) -> tuple[Finding, ...]:
    """What runs is what nginx, its include and `.env` say, and what is set."""
    if not snapshot.containers:
        return (ok("drift", "Nothing of the project runs; `fream up` starts it"),)
    found = [_drifted(each, snapshot) for each in diagnose(snapshot)]
    if (fault := trouble(snapshot)) and not found:
        found.append(fails("drift", f"{fault}: {fault.why}", fault.next_step))
    found += [_unset(drift) for drift in drifted]
    held = f"; {snapshot.held}: fream promote, or fream abort" if snapshot.held else ""
    return tuple(found) or (ok("drift", f"What runs, nginx and .env agree{held}"),)


def workers(snapshot: Snapshot) -> tuple[Finding, ...]:
    """What runs beside the apps fares well, and is in the Compose files."""
    found = snapshot.workers
    ailing = [warning("workers", one.what, one.fix) for one in found.ailing]
    return (
        *ailing,
        *(warning("workers", text, "Leave it, or: fream down") for text in found.unknown),
    )


def _unset(drift: Drift) -> Finding:
    verdict = Verdict.FAILS if drift.stops_a_release else Verdict.WARNING
    text = f"{drift.what}: {drift.now} now; {drift.wanted}"
    return Finding("drift", verdict, text, drift.takes_effect)


def _drifted(each: Fault, snapshot: Snapshot) -> Finding:
    verdict = Verdict.FAILS if each in _CUTS_USERS else Verdict.WARNING
    return Finding("drift", verdict, cause(each, snapshot), "fream recover")
