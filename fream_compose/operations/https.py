"""HTTPS as infra comes up: every host is tried for, and what could not be had is told."""

from collections.abc import Sequence

from fream_compose.docker.facts import Container
from fream_compose.errors import FreamError, InterruptedRun
from fream_compose.operations.certificate_hook import run_hooks
from fream_compose.operations.certificates import HostCertificate, total
from fream_compose.operations.context import Context
from fream_compose.operations.keeper import SERVICE, Keeper
from fream_compose.project.layout import HTTPS
from fream_compose.step_ids import StepId
from fream_compose.waiting import wait_until

_PATIENCE_SECONDS = 120.0  # the keeper goes on without us
_POLL_SECONDS = 0.5


def get(context: Context) -> None:
    """Wait until each host was tried for. What fails is warned of, and its hooks run.

    Users are served meanwhile, and afterwards, with the last good certificate or a
    self-signed one. Raises InterruptedRun.
    """
    if not context.settings.switch.tls.hosts:
        return
    try:
        if command := _missing(context):
            what = f"HTTPS: no certificate is asked for before: {command}"
            context.report.warn(f"{what}. Until then users get what nginx shows already")
            return
        with context.report.step("Get certificates", id=StepId.CERTIFICATES) as step:
            rows = _tried(context)
            step.detail = total(rows)
    except InterruptedRun:
        raise
    except FreamError as error:
        why = f": {error.why}" if error.why else ""
        context.report.warn(f"HTTPS: {error}{why}; {error.next_step}")
        return
    for row in rows:
        if row.failed or not row.decided:
            context.report.warn(f"{row.host}: {row.summary}")
    run_hooks(context, rows)


def renew(context: Context, hosts: Sequence[str], force: bool) -> tuple[HostCertificate, ...]:
    """Have the keeper try now; what fails has its hooks run. Raises as Keeper.renew() does."""
    keeper = Keeper(context)
    with context.report.step("Get certificates", id=StepId.CERTIFICATES) as step:
        rows = keeper.renew(hosts, force)
        step.detail = total(rows)
    run_hooks(context, rows)
    return rows


def end_unwanted_keeper(context: Context, containers: Sequence[Container]) -> None:
    """Stop the keeper where HTTPS was turned off; its certificates stay. Raises EngineError."""
    found = [c.id for c in containers if c.service == SERVICE]
    if found and SERVICE not in context.settings.services:
        with context.report.step(
            f"Stop {SERVICE}, as TLS_HOSTS names no host", id=StepId.STOP_KEEPER
        ):
            context.project.containers.end(context.project.containers.conditions(found))


def _missing(context: Context) -> str:
    """What must be typed before nginx serves HTTPS as it is set; empty where it does."""
    nginx = context.project.containers.condition(context.settings.nginx_container)
    if not any(inner == HTTPS for inner, _, _ in nginx.reached):
        return "fream up infra --recreate"
    return "fream reload" if context.proxy.routes_pending() else ""


def _tried(context: Context) -> tuple[HostCertificate, ...]:
    keeper, found = Keeper(context), list[HostCertificate]()
    if context.settings.switch.tls.source == "own":
        keeper.put()

    def look() -> bool:
        found[:] = keeper.look()
        return all(row.decided for row in found)

    deadline = context.clock() + _PATIENCE_SECONDS
    wait_until(look, deadline, context.clock, context.interruption.wait, _POLL_SECONDS)
    return tuple(found)
