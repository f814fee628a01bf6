"""How a container ended: what Docker knows of it, and what that means in words."""

import signal
from contextlib import suppress

from fream_compose.docker.reads import read, taken
from fream_compose.errors import EngineError

UNKNOWN = -1  # an exit code
_KILLED = 137
_SIGNALLED = 128
_SINCE = "24h"  # Docker keeps the last few hundred events
_EVENT = '{{.Action}} {{index .Actor.Attributes "exitCode"}}'


def exit_code(state: str, code: int, restarts: int) -> int:
    """The exit code of a container's last end: of one that runs again Docker says 0."""
    return UNKNOWN if restarts and state == "running" else code


def ending(code: int, starved: bool) -> str:
    """How a container ended, after its name. starved: whether that was for want of memory."""
    if starved:
        return f"was killed: it took more memory than it may (exit code {code})"
    if code == UNKNOWN:
        return "ended, with an exit code that Docker has forgotten"
    if code == 0:
        return "ended by itself (exit code 0)"
    if code == _KILLED:
        return f"was killed (exit code {code})"
    with suppress(ValueError):  # beyond 128 it is a signal, as shells count, or just a number
        if code > _SIGNALLED:
            return f"was ended by {signal.Signals(code - _SIGNALLED).name} (exit code {code})"
    return f"ended with exit code {code}"


def last_end(container: str) -> tuple[int, bool] | None:
    """The exit code of a container's last end, and whether it was for want of memory.

    None where Docker knows of none any more.
    """
    asked = ["events", "--since", _SINCE, "--until", "0s", "--format", _EVENT]
    for each in (f"container={container}", "event=die", "event=oom"):
        asked += ["--filter", each]
    what = f"The end of {container} is not known"
    with suppress(EngineError):
        return taken(read(asked, what), what, last_of)
    return None


def last_of(events: str) -> tuple[int, bool] | None:
    """The last end among events, the oldest first: lines that say `oom`, or `die CODE`."""
    end, starved = None, False
    for event in events.splitlines():
        kind, _, code = event.strip().partition(" ")
        if kind == "die":
            end, starved = (int(code), starved), False
        starved = starved or kind == "oom"
    return end
