"""Whether users are served, and by what."""

from fream_compose.errors import FreamError, ProxyError
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.diagnosis import Fault
from fream_compose.operations.recovery import Recovery
from fream_compose.release import LiveRelease

_NGINX = (Fault.NGINX_STOPPED, Fault.NGINX_SILENT)


def serving(proxy: Proxy, undone: bool = True) -> str:
    """What an operator wants to know first when a switch failed: nginx's own answer."""
    try:
        live = proxy.state().live
    except FreamError as error:
        return f"not known: {error}"
    if live is None:
        return "Nothing was live before, and nothing is now"
    return f"{live} serves" + (" as before" if undone else "")


def unserved(context: Context, release: LiveRelease, checks: Checks) -> str:
    """Why users are not served by a release; empty when they are.

    An nginx that has gone silent is brought back first.
    """
    if not _is_served(context.proxy, release):
        try:
            context.report.warn("nginx does not answer any more")
            Recovery(context).repair(only=_NGINX)
        except FreamError as error:
            return f"{error}: {error.why}"
        if not _is_served(context.proxy, release):
            return f"nginx: {serving(context.proxy, undone=False)}"
    # Where there is a guard, it has looked at more than this.
    if context.settings.switch.guard.time or checks.now():
        return ""
    return checks.fault()


def _is_served(proxy: Proxy, release: LiveRelease) -> bool:
    try:
        return proxy.state().live == release
    except ProxyError:
        return False
