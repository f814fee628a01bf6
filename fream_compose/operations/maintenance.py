"""`fream maintenance`: the app is closed to users for a while, and opened again."""

import ipaddress
from collections.abc import Iterable

from fream_compose.errors import ProxyError, UsageError
from fream_compose.interruption import Interruption
from fream_compose.nginx.maintenance import Maintenance, id_of
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.plan import reject_older_files
from fream_compose.operations.undo import Undo
from fream_compose.project.x_fream import SwitchSettings
from fream_compose.release import SetName
from fream_compose.report import Report
from fream_compose.step_ids import StepId

DEFAULT_MESSAGE = "We are working on it. Please try again in a few minutes."
_LONGEST_MESSAGE = 500  # nginx takes at most 4 kB for one value

_CLOSES = ("Close the app", StepId.CLOSE_APP)
_OPENS = ("Open the app", StepId.OPEN_APP)


def wanted(identifier: str, message: str, allow: Iterable[str]) -> Maintenance:
    """A maintenance as the operator describes it. Raises UsageError."""
    text = message.strip()
    if not text.isprintable() or len(text) > _LONGEST_MESSAGE:
        raise UsageError(
            "The message is not valid",
            f"A message is one line of at most {_LONGEST_MESSAGE} printable characters",
        )
    networks = dict.fromkeys(_network(entry) for entry in allow)
    return Maintenance(identifier, text or DEFAULT_MESSAGE, tuple(networks))


def _network(text: str) -> str:
    try:
        if "%" in text:
            raise ValueError("an address with an interface cannot be matched")
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not an address or a network",
            str(error),
            next_step="--allow 192.0.2.7, or --allow 192.0.2.0/24, or --allow 2001:db8::/32",
        ) from error


def change(
    proxy: Proxy,
    request: Maintenance | None,
    settings: SwitchSettings,
    report: Report,
    interruption: Interruption,
) -> bool:
    """Close the app and wait until nobody is inside, or open it with None.

    False when it was so already. Raises ConfigurationError, ProxyError and EngineError, and what
    was before is in force again; UncertainError when it is not.
    """
    before = proxy.maintenance()
    state = proxy.state()
    reject_older_files(state.looks)
    in_force = state.maintenance == id_of(before)
    if in_force and (request.same_as(before) if request else before is None):
        return False
    if request and request.allow:
        with report.step("Test the nginx configuration", id=StepId.TEST_NGINX):
            proxy.test_maintenance(request)
    timeout = settings.cut_over.timeout.total_seconds()
    with Undo(report) as undo:
        undo.add(
            "Put the nginx configuration back as it was",
            "fream maintenance " + ("on" if before else "off"),
            lambda: proxy.maintain_as_before(before, timeout),
        )
        title, id = _CLOSES if request else _OPENS
        with report.step(title, id=id) as step:
            proxy.maintain(request, timeout)
            step.detail = "confirmed by nginx"
    interruption.disregard()
    if request and (live := proxy.state().live):
        _drain(proxy, live.set, settings.drain.timeout.total_seconds(), report, interruption)
    return True


def _drain(
    proxy: Proxy, live: SetName, timeout: float, report: Report, waits: Interruption
) -> None:
    with report.step("Wait for the requests in flight", limit=timeout, id=StepId.IN_FLIGHT):
        done = proxy.drain(live, timeout, waits.wait)
    if not done:
        report.warn(
            "Some requests are still in flight, such as WebSockets, long downloads, or those of "
            "who may pass"
        )


def current(proxy: Proxy) -> Maintenance | None:
    """What is in force, as the files say. Raises ProxyError when nginx says otherwise."""
    found = proxy.maintenance()
    if proxy.state().maintenance != id_of(found):
        raise ProxyError(
            "nginx has not read its maintenance files",
            "A run was interrupted, or a file was edited by hand",
            next_step="fream maintenance on, or fream maintenance off",
        )
    return found
