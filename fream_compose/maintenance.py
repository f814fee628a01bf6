"""Maintenance: nginx turns users away, except those on the allow list.

What is asked for is two files that nginx reads. They outlive restarts of nginx and of the
server, and `fream switch` leaves them alone.
"""

import html
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fream_compose.errors import ProxyError, UsageError
from fream_compose.interruption import Interruption
from fream_compose.release import moment_of
from fream_compose.report import Report
from fream_compose.undo import Undo

if TYPE_CHECKING:
    from fream_compose.proxy import Proxy
    from fream_compose.settings import SwitchSettings

ALLOW_FILE, FILE = "maintenance-allow.inc", "maintenance.inc"
DEFAULT_MESSAGE = "We are working on it. Please try again in a few minutes."
_LONGEST_MESSAGE = 500  # nginx takes at most 4 kB for one value
# What means something to HTML, or between quotes to nginx.
_ESCAPED = {ord(character): f"&#{ord(character)};" for character in "&<>\"'\\$"}


@dataclass(frozen=True)
class Maintenance:
    """A maintenance: an id that nginx answers with, what users read, and who passes.

    allow: networks in CIDR notation.
    """

    id: str
    message: str
    allow: tuple[str, ...] = ()

    @property
    def since(self) -> datetime | None:
        """When it began, in UTC; None for an id that is not ours."""
        return moment_of(self.id)

    def same_as(self, other: "Maintenance | None") -> bool:
        """Whether users would see no difference."""
        return other is not None and replace(other, id=self.id) == self


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


def render(maintenance: Maintenance) -> dict[str, str]:
    """The files by name, in the order in which to write them: the last one closes the app."""
    passes = "".join(f"    {network} 0;\n" for network in maintenance.allow)
    return {
        ALLOW_FILE: "# Written by fream.\n"
        f"geo $maintenance_closed {{\n    default 1;\n{passes}}}\n",
        FILE: "# Written by fream: users are turned away, except those on the allow list.\n"
        f'set $maintenance         "{maintenance.id}";\n'
        f'set $maintenance_message "{maintenance.message.translate(_ESCAPED)}";\n'
        "set $closed              $maintenance_closed;\n",
    }


def parse(files: Mapping[str, str]) -> Maintenance | None:
    """Read the files back; None when there is no maintenance."""
    told = dict(re.findall(r'set \$maintenance(\w*) +"([^"]*)";', files.get(FILE, "")))
    if not told.get(""):
        return None
    allow = re.findall(r"^ +(\S+) 0;$", files.get(ALLOW_FILE, ""), re.MULTILINE)
    return Maintenance(told[""], html.unescape(told.get("_message", "")), tuple(allow))


def change(
    proxy: "Proxy",
    wish: Maintenance | None,
    settings: "SwitchSettings",
    report: Report,
    interruption: Interruption,
) -> bool:
    """Close the app and wait until nobody is inside, or open it with None.

    False when it was so already. Raises ProxyError and EngineError, and what was before is
    in force again; UncertainError when it is not.
    """
    before = proxy.maintenance()
    in_force = proxy.state().maintenance == (before.id if before else "")
    if in_force and (wish.same_as(before) if wish else before is None):
        return False
    with report.step("Test the nginx configuration"):
        proxy.test_maintenance(wish)
    timeout = settings.cut_over.timeout.total_seconds()
    with Undo(report) as undo:
        undo.add(
            "Put the nginx configuration back as it was",
            "fream maintenance " + ("on" if before else "off"),
            lambda: proxy.maintain_as_before(before, timeout),
        )
        with report.step("Close the app" if wish else "Open the app") as step:
            old = proxy.maintain(wish, timeout)
            step.detail = "confirmed by nginx"
    interruption.disregard()
    if wish:
        _drain(proxy, old, settings.drain.timeout.total_seconds(), report, interruption)
    return True


def _drain(
    proxy: "Proxy", old: tuple[int, ...], timeout: float, report: Report, waits: Interruption
) -> None:
    with report.step("Wait for the requests in flight"):
        left = proxy.drain(old, timeout, waits.wait)
    if left:
        report.warn("Some requests are still in flight, such as WebSockets or long downloads")


def current(proxy: "Proxy") -> Maintenance | None:
    """What is in force, as the files say. Raises ProxyError when nginx says otherwise."""
    found = proxy.maintenance()
    if proxy.state().maintenance != (found.id if found else ""):
        raise ProxyError(
            "nginx has not read its maintenance files",
            "A run was interrupted, or a file was edited by hand",
            next_step="fream maintenance on, or fream maintenance off",
        )
    return found


def to_json(found: Maintenance | None) -> dict[str, Any]:
    """As plain values."""
    since = found.since.isoformat() if found and found.since else ""
    return {"on": found is not None, "since": since, **(asdict(found) if found else {})}


def told(found: Maintenance | None) -> str:
    """For people, in one line."""
    if found is None:
        return "Maintenance is off: the app is open to everybody"
    since = f" since {found.since.astimezone():%Y-%m-%d %H:%M:%S}" if found.since else ""
    passes = f"; {', '.join(found.allow)} may pass" if found.allow else ""
    return f'Maintenance is on{since}: "{found.message}"{passes}'
