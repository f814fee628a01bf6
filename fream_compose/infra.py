"""What outlives releases: start it, and take everything down."""

import time

from fream_compose import ports
from fream_compose.checks import Checks
from fream_compose.errors import EngineError, UsageError
from fream_compose.interruption import Interruption
from fream_compose.observe import occupied_sets
from fream_compose.project import Container, Project
from fream_compose.proxy import Proxy, ProxyState
from fream_compose.release import SetName
from fream_compose.report import Report

_READY_SECONDS = 300  # MySQL's first start creates its data files


def up(
    project: Project,
    proxy: Proxy,
    report: Report,
    interruption: Interruption,
    profiles: tuple[str, ...],
) -> ProxyState:
    """Start MySQL and nginx, wait until both answer, then the live set where it is wanted.

    profiles: what to start; empty means all that is live. Raises UsageError for a
    profile that does not exist or is idle, ConfigurationError for a port in use,
    EngineError and ProxyError.
    """
    _reject_unknown(project, profiles)
    containers = project.containers()
    with report.step("Start " + " and ".join(project.settings.infra)):
        start(project, containers)
    with report.step("Ask nginx what is live") as step:
        state = proxy.state()
        step.detail = f"{state.live.set} {state.live.version.tag}" if state.live else "nothing yet"
    live = state.live.set if state.live else None
    _reject_idle(profiles, live)
    if live and (not profiles or live in profiles):
        _start_live(project, proxy, live, containers, report, interruption)
    return state


def _reject_unknown(project: Project, profiles: tuple[str, ...]) -> None:
    known = project.settings.profiles
    if unknown := [name for name in profiles if name not in known]:
        raise UsageError(
            f"There is no profile {unknown[0]!r}",
            f"Known profiles: {', '.join(known)}",
            next_step="fream up infra",
        )


def _reject_idle(profiles: tuple[str, ...], live: SetName | None) -> None:
    if idle := [name for name in SetName if name in profiles and name != live]:
        raise UsageError(
            f"{idle[0]} is idle",
            "A set that is not live is started by a release",
            next_step="fream switch --version VERSION",
        )


def start(project: Project, containers: tuple[Container, ...]) -> None:
    """Start what outlives releases and wait until it is healthy.

    containers: what there is already. Raises ConfigurationError for a port in use, EngineError.
    """
    settings = project.settings
    present = {container.service for container in containers if container.state == "running"}
    ports.reject_taken(
        {name: settings.addresses[name] for name in settings.infra if name not in present}
    )
    try:
        project.up(settings.infra, wait_seconds=_READY_SECONDS)
    except EngineError as error:
        _explain(project, error)
        raise


def _explain(project: Project, error: EngineError) -> None:
    """Show the logs of the first container that is not well."""
    for container in project.containers():
        if container.service in project.settings.infra and "(healthy)" not in container.status:
            error.why = f"{error.why}\n{container.name} is {container.status or container.state}"
            error.logs = project.logs(container.name)
            return


def _start_live(
    project: Project,
    proxy: Proxy,
    live: SetName,
    containers: tuple[Container, ...],
    report: Report,
    interruption: Interruption,
) -> None:
    if live in occupied_sets(project.settings, containers):
        project.up(project.settings.sets[live].services)
        return
    with report.step(f"Start {live}, which is live"):
        project.up(project.settings.sets[live].services)
    checks = Checks(project, proxy, live, time.monotonic, interruption.wait)
    checks.own_port(report)
    checks.through_nginx(report)


def down(project: Project, report: Report, volumes: bool) -> None:
    """Stop and remove everything of the project; with `volumes`, its named volumes too.

    What is live stays on record, so that a later `fream up` brings it back.
    Raises EngineError.
    """
    with report.step("Stop and remove everything of the project"):
        project.down(volumes)
