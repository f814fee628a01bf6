"""The user's own commands for when a certificate could not be got."""

from collections.abc import Sequence

from fream_compose import times
from fream_compose.errors import FreamError, HookError, InterruptedRun, reason
from fream_compose.operations import inside
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.context import Context
from fream_compose.project.x_fream import Hook

MOMENT = "certificate_failed"


def run_hooks(context: Context, rows: Sequence[HostCertificate]) -> None:
    """Run the hooks for each host that failed. One that fails is warned of.

    They hold up no release, so none is on record.
    """
    for row in (row for row in rows if row.failed):
        for hook in context.settings.switch.hooks.certificate_failed:
            try:
                _run(context, hook, row)
            except InterruptedRun:
                raise
            except FreamError as error:
                why = f": {error.why}" if error.why else ""
                context.report.warn(f"{error}{why}")


def variables(row: HostCertificate) -> dict[str, str]:
    """What a hook finds in its environment."""
    return {
        "FREAM_HOOK": MOMENT,
        "FREAM_CERTIFICATE_HOST": row.host,
        "FREAM_CERTIFICATE_ERROR": row.error or str(row.verdict),
        "FREAM_CERTIFICATE_HINT": row.hint,
        "FREAM_CERTIFICATE_DAYS_LEFT": "" if row.days_left is None else str(row.days_left),
    }


def _run(context: Context, hook: Hook, row: HostCertificate) -> None:
    name, seconds = f"The hook {MOMENT} ({hook})", hook.timeout.total_seconds()
    check = context.interruption.check
    container = _live_container(context) if hook.where == "set" else ""
    try:
        code, printed = inside.run(
            context.project, container, hook.run, seconds, check, variables=variables(row)
        )
    except (OSError, ValueError) as error:
        raise HookError(f"{name} cannot be run", reason(error)) from error
    if code is None:
        raise HookError(f"{name} took longer than {times.limit(seconds)}", "it was ended")
    if code:
        last = "; ".join(printed.splitlines()[-1:])
        raise HookError(f"{name} failed", f"exit code {code}; {last}".removesuffix("; "))


def _live_container(context: Context) -> str:
    if not (live := context.proxy.state().live):
        raise HookError(f"The hook {MOMENT} was not run", "Its set is the live one; none is live")
    return context.settings.sets[live.set].container
