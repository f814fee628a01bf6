"""`fream reload`: nginx reads what was edited in its files; what is live stays."""

from fream_compose.errors import ProxyError, UncertainError
from fream_compose.operations import https
from fream_compose.operations.context import Context
from fream_compose.release import LiveRelease
from fream_compose.step_ids import StepId


def reload(context: Context) -> LiveRelease | None:
    """Test nginx's files, have it read them, and confirm it; returns what is live.

    It also takes over what an earlier fream has named in its own place, and waits until each
    host of HTTPS that is new was tried for. Raises ProxyError,
    and nginx goes on as before, also where it does not know what is live; UncertainError
    when it serves something else afterwards.
    """
    proxy, report = context.proxy, context.report
    before = proxy.state()
    live = before.live
    if before.routed and live is None:
        raise ProxyError(
            "nginx does not know what is live, and would forget what it serves",
            f"The link nginx/live was lost; requests go to {before.routed}",
            next_step="fream recover, then: fream reload",
        )
    if live:
        proxy.put(live)
    with report.step("Test the nginx configuration", id=StepId.TEST_NGINX):
        proxy.put_routes(tested=True)
        proxy.test_as_it_is()
    with report.step("Reload nginx", id=StepId.RELOAD_NGINX) as step:
        proxy.reload(context.settings.switch.cut_over.timeout.total_seconds())
        step.detail = "confirmed by nginx"
    if (now := proxy.state().live) != live:
        raise UncertainError(
            f"nginx serves {now or 'nothing'}, and served {live or 'nothing'} before",
            "What the link nginx/live leads to was changed meanwhile",
            next_step="fream recover",
        )
    proxy.forget_earlier()
    https.get(context)
    return live
