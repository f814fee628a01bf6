"""When is a new release good enough to serve?"""

from collections.abc import Callable
from dataclasses import dataclass

from fream_compose import web
from fream_compose.errors import UnhealthyError
from fream_compose.project import Condition
from fream_compose.settings import Health

_INSPECT_EVERY = 1.0  # seconds between looks at a container that does not answer


@dataclass(frozen=True)
class Probe:
    """How one check asks, and how it looks at the container behind.

    ask: makes the request; raises web.Unreachable.
    condition: state of the app's container.
    on_first_success: called once, between the first good answer and the next check.
    """

    where: str
    ask: Callable[[], web.Answer]
    condition: Callable[[], Condition]
    on_first_success: Callable[[], None] = lambda: None


def wait_until_healthy(
    probe: Probe,
    settings: Health,
    deadline: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> web.Answer:
    """Ask until enough answers in a row are good. Returns the last one.

    deadline: on the clock, in its seconds. Raises UnhealthyError at the deadline, and at
    once when the container crashes.
    """
    in_a_row, on_success = 0, probe.on_first_success
    looked = clock()
    last = "no answer yet"
    while True:
        try:
            answer = probe.ask()
            good = 200 <= answer.status < 300
            last = describe(answer)
        except web.Unreachable as error:
            good, last = False, str(error)
        in_a_row = in_a_row + 1 if good else 0
        if in_a_row >= settings.successes:
            return answer
        if good:
            on_success()
            on_success = _nothing
        if not good and clock() - looked >= _INSPECT_EVERY:
            looked = clock()
            _reject_crashed(probe)
        if clock() >= deadline:
            raise UnhealthyError(
                f"The new release was not healthy within {settings.timeout.total_seconds():g} s",
                f"{probe.where}: {last}",
            )
        pause(settings.interval.total_seconds())


def _nothing() -> None:
    pass


def _reject_crashed(probe: Probe) -> None:
    condition = probe.condition()
    if condition.crashed:
        raise UnhealthyError(
            "The new release crashed",
            f"Its container is {condition.state}; exit code {condition.exit_code}, "
            f"restarted {condition.restarts} times",
        )


def describe(answer: web.Answer) -> str:
    """One answer in a line: status, where a redirect leads, and how the body begins."""
    body = " ".join(answer.body.split())[:200]
    target = f" to {answer.location}" if answer.location else ""
    return f"HTTP {answer.status}{target}" + (f": {body}" if body else "")
