"""What outlives releases: start it, and take everything down."""

import re

from fream_compose.docker import ports
from fream_compose.docker.facts import Container
from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, EngineError, UsageError
from fream_compose.nginx.control import ProxyState
from fream_compose.operations import https, passwords
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.keeper import SERVICE as KEEPER
from fream_compose.operations.live_images import late_of, ready
from fream_compose.operations.snapshot import occupied_sets
from fream_compose.project.layout import Address
from fream_compose.release import LiveRelease, SetName
from fream_compose.report import Report
from fream_compose.step_ids import StepId

_READY_SECONDS = 300  # MySQL's first start creates its data files
_OLDEST_NGINX = (1, 27, 4)


def up(context: Context, profiles: tuple[str, ...], recreate: bool = False) -> ProxyState:
    """Start MySQL and nginx, wait until both answer, then the live set where it is wanted.

    With HTTPS the keeper of the certificates, too, and each host is tried for. profiles: what
    to start; empty means all that is live. recreate: restart MySQL or nginx where its settings
    have changed; else what runs is left as it is. Raises UsageError for a
    profile that does not exist or is idle, ConfigurationError for a port in use,
    EngineError and ProxyError.
    """
    project, report = context.project, context.report
    _reject_unknown(project, profiles)
    containers = project.containers.all()
    runs = any((c.service, c.state) == ("nginx", "running") for c in containers)
    context.proxy.put_routes(tested=runs)
    with report.step(
        f"Start {_listed(project.settings.infra)}", limit=_READY_SECONDS, id=StepId.START_INFRA
    ):
        start(context, containers, recreate)
        passwords.reject_refused(project, report, context.interruption.check)
    https.end_unwanted_keeper(context, containers)
    with report.step("Ask nginx what is live", id=StepId.ASK_NGINX) as step:
        state = context.proxy.state()
        step.detail = f"{state.live.set} {state.live.version.tag}" if state.live else "nothing yet"
    live = state.live.set if state.live else None
    _reject_idle(profiles, live)
    if state.live and (not profiles or live in profiles):
        _start_live(context, state.live)
    elif live and live not in occupied_sets(project.settings, containers):
        report.warn(f"{live} is live but does not run; type: fream up")
    https.get(context)
    return state


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _reject_unknown(project: Project, profiles: tuple[str, ...]) -> None:
    known = ("infra", *SetName)
    if unknown := [name for name in profiles if name not in known]:
        own = unknown[0] in project.settings.profiles
        raise UsageError(
            f"fream starts no profile {unknown[0]!r}",
            f"It starts {', '.join(known)}, and with infra what has no profile",
            next_step=f"docker compose --profile {unknown[0]} up -d" if own else "fream up infra",
        )


def _reject_idle(profiles: tuple[str, ...], live: SetName | None) -> None:
    if idle := [name for name in SetName if name in profiles and name != live]:
        raise UsageError(
            f"{idle[0]} is idle",
            "A set that is not live is started by a release",
            next_step="fream switch VERSION",
        )


def start(
    context: Context,
    containers: tuple[Container, ...],
    recreate: bool = False,
    services: tuple[str, ...] = (),
    stop_seconds: int | None = None,
) -> None:
    """Start what outlives releases and wait until it is healthy.

    containers: what there is already. services: only these. stop_seconds: instead of the
    grace of what is made anew. Raises ConfigurationError for a port in use, for what must not
    be shared with another project and for an nginx that is too old, EngineError.
    """
    project, settings = context.project, context.settings
    nginx = (settings.nginx_container, "running", settings.nginx_image)
    if nginx not in ((c.name, c.state, c.image) for c in containers):
        reject_old_nginx(project.images.nginx_version(), settings.nginx_image)
    ports.reject_taken(_new_addresses(project, containers, recreate))
    for clash in project.containers.clashes():
        raise ConfigurationError(clash.what, clash.why, next_step=clash.next_step)
    refusal = passwords.Refusal(project)

    def look() -> None:
        context.interruption.check()
        refusal.check()

    # An nginx that starts without the link would not look for it.
    context.proxy.prepare()
    wanted = services or settings.infra

    def bring_up(names: tuple[str, ...], anew: bool) -> None:
        try:
            project.compose.up_healthy(names, _READY_SECONDS, look, anew, stop_seconds)
        except EngineError as error:
            images = (settings.services[name].image for name in names)
            refused = project.images.refused(error, images)
            if not refused:
                _explain(project, error)
            if KEEPER not in names or _keeps(project):
                if refused:
                    raise refused from error
                raise
            context.report.warn(
                f"{KEEPER}, which keeps the certificates, could not be started: "
                f"{' '.join(error.why.split())}; can ACME_IMAGE in {settings.env_path} be had? "
                "Then: fream up infra"
            )
            # nginx serves without it, by what it has.
            bring_up(tuple(name for name in names if name != KEEPER), anew)

    if recreate and (joins := _not_joined(project, containers, wanted)):
        # Only then the networks are there; what runs stays as it is.
        bring_up(wanted, False)
        for container, network in joins:
            project.containers.join(container, network)
    bring_up(wanted, recreate)


def _keeps(project: Project) -> bool:
    """Whether the keeper of the certificates is there, and well."""
    found = [c for c in project.containers.all() if c.service == KEEPER]
    return bool(found) and all(map(_well, found))


def _new_addresses(
    project: Project, containers: tuple[Container, ...], recreate: bool
) -> dict[str, tuple[Address, ...]]:
    """The ports that services will publish, and do not by now."""
    wanted, holding = project.settings.addresses, [c for c in containers if c.holds_ports]
    held = {c.service: frozenset[int]() for c in holding}
    if recreate:
        for now in project.containers.conditions([c.id for c in holding]):
            held[now.service] = frozenset(port for _, _, port in now.reached)
    return {
        name: tuple(a for a in addresses if recreate and a.port not in held[name])
        if name in held
        else addresses
        for name, addresses in wanted.items()
    }


def _not_joined(
    project: Project, containers: tuple[Container, ...], wanted: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Containers of the sets that run, each with a network of theirs and infra's that it lacks.

    They would lose MySQL when it is made anew and is on that network only.
    """
    settings = project.settings
    theirs = frozenset[str]().union(*(settings.services[name].networks for name in wanted))
    running = [c.id for c in containers if c.state == "running" and settings.set_of(c.service)]
    return tuple(
        (now.name, network)
        for now in project.containers.conditions(running)
        for network in sorted(settings.services[now.service].networks & theirs - now.networks)
    )


def reject_old_nginx(printed: str, image: str) -> None:
    """Raise ConfigurationError for an nginx that cannot do what a switch needs of it.

    printed: what `nginx -v` printed; a version that cannot be read from it is let pass.
    """
    found = re.search(r"/(\d{1,9})\.(\d{1,9})\.(\d{1,9})", printed)
    if found and tuple(map(int, found.groups())) < _OLDEST_NGINX:
        raise ConfigurationError(
            f"{image} is too old: nginx {found[0].removeprefix('/')}",
            "Before 1.27.4 nginx has no keepalive_min_timeout, so that each switch would cut off "
            "clients with an open connection, and it cannot look the sets up while it runs",
            next_step="Set NGINX_IMAGE in .env to nginx:1.28 or newer, then: fream up infra",
        )


def _explain(project: Project, error: EngineError) -> None:
    """Show the logs of the first container that is not well."""
    for container in project.containers.all():
        if container.service in project.settings.infra and not _well(container):
            error.why = f"{error.why}\n{container.name} is {container.status or container.state}"
            error.logs = project.containers.logs(container.name)
            return


def _well(container: Container) -> bool:
    """Whether a container does what it should; without a health check it is enough to run."""
    if container.state != "running":
        return container.status.startswith("Exited (0)")
    return "(" not in container.status or "(healthy)" in container.status


def _start_live(context: Context, live: LiveRelease) -> None:
    report, checks = context.report, Checks(context, live.set)
    with report.step(f"Start {live.set}, which is live, if it does not run", id=StepId.START):
        context.project.start_set(live.set, live.version, ready(context, live))
    checks.leave_out_later()
    with report.step(
        f"Check the health of {live.set}", limit=context.settings.health_seconds, id=StepId.HEALTH
    ) as step:
        step.detail = checks.own_port(step.saw)
    with report.step(
        f"Check {live.set} through nginx", limit=checks.left, id=StepId.THROUGH_NGINX
    ) as step:
        checks.through_nginx(step.saw)
    if late := late_of(context.settings, live).values():
        with report.step(f"Hand over to {', '.join(late)}", id=StepId.HAND_OVER) as step:
            step.detail = HandOver(context).to(live, context.interruption.wait, step.saw)


def down(project: Project, report: Report, volumes: bool) -> None:
    """Stop and remove everything of the project; with `volumes`, its named volumes too.

    What is live stays on record, so that a later `fream up` brings it back.
    Raises EngineError.
    """
    with report.step("Stop and remove everything of the project", id=StepId.REMOVE_ALL):
        known, found = project.settings.services, project.containers.all()
        orphans = [container.id for container in found if container.service not in known]
        project.containers.end(project.containers.conditions(orphans))
        project.compose.down(volumes)
