"""The end of a container's log, for an error."""

from contextlib import suppress
from typing import TYPE_CHECKING

from fream_compose.docker.excerpt import Own, excerpt
from fream_compose.docker.reads import finish, follow, read
from fream_compose.errors import EngineError

if TYPE_CHECKING:
    from fream_compose.project.settings import Settings

_LOOKED_THROUGH = "300"  # lines, of which an excerpt has those that tell something


def log_end(settings: "Settings", container: str, lines: int) -> tuple[str, ...]:
    """The last lines of a container's log, as excerpt() says; none when they cannot be had."""
    asked = ["container", "logs", "--timestamps", "--tail", _LOOKED_THROUGH, container]
    try:
        text = finish(follow(asked), f"The logs of {container} could not be read")
    except EngineError:
        return ()
    printed = text.removesuffix("\n")
    return excerpt(printed.split("\n"), _own(settings), lines) if printed else ()


def _own(settings: "Settings") -> Own:
    """What fream's own checks look like to an app."""
    form = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    asked = ["network", "inspect", "--format", form, *settings.networks]
    gateways = ""
    with suppress(EngineError):  # then those checks are known by the User-Agent alone
        gateways = read(asked, "The networks could not be inspected")
    checks = (each.path for each in settings.checks.values() if each.by == "http")
    paths = (*checks, *settings.switch.warm_up.paths)
    return Own(frozenset(paths), frozenset(gateways.split()))
