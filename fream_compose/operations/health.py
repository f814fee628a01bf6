"""When is a release good enough to serve?"""

from collections.abc import Callable
from dataclasses import dataclass

from fream_compose import http, pattern
from fream_compose.docker.facts import Condition
from fream_compose.errors import UnhealthyError
from fream_compose.project.x_fream import Health
from fream_compose.secrecy import hidden

_INSPECT_EVERY = 1.0  # seconds between looks at a container that does not answer


@dataclass(frozen=True)
class Probe:
    """How one check asks, and how it looks at the container behind.

    ask: makes the request; raises http.Unreachable.
    condition: state of the app's container.
    """

    where: str
    ask: Callable[[], http.Answer]
    condition: Callable[[], Condition]


def wait_until_healthy(
    probe: Probe,
    settings: Health,
    deadline: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> http.Answer:
    """Ask until enough answers in a row are good. Returns the last one.

    deadline: on the clock, in its seconds. Raises UnhealthyError at the deadline, and at
    once when the container crashes.
    """
    in_a_row = 0
    looked = clock()
    while True:
        asked = clock()
        answer, fault = _check(probe, settings)
        in_a_row = 0 if fault else in_a_row + 1
        if answer and in_a_row >= settings.successes:
            return answer
        if fault and clock() - looked >= _INSPECT_EVERY:
            looked = clock()
            _reject_crashed(probe)
        if clock() >= deadline:
            raise UnhealthyError(
                f"The new release was not healthy within {settings.timeout.total_seconds():g} s",
                f"{probe.where}: {fault or 'too few good answers in a row'}",
                next_step=hint(answer, fault),
            )
        pause(max(0.0, asked + settings.interval.total_seconds() - clock()))


def _check(probe: Probe, settings: Health) -> tuple[http.Answer | None, str]:
    """One answer, and what is wrong with it; empty when it is good."""
    try:
        answer = probe.ask()
    except http.Unreachable as error:
        return None, str(error)
    return answer, fault_of(answer, settings)


def fault_of(answer: http.Answer, settings: Health) -> str:
    """What is wrong with an answer; empty when it is good."""
    if not settings.accepts(answer.status):
        return describe(answer)
    if answer.cut:
        return f"HTTP {answer.status}, and an answer of more than {http.LONGEST // 1024} kB"
    try:
        if settings.body and not pattern.found(settings.body, answer.body):
            return f"{describe(answer)}, which does not match {settings.body!r}"
    except pattern.TooSlow as slow:
        return f"{describe(answer)}, in which the pattern {settings.body!r} {slow}"
    return ""


def _reject_crashed(probe: Probe) -> None:
    condition = probe.condition()
    if condition.crashed:
        raise UnhealthyError(
            "The new release crashed",
            f"Its container is {condition.state}; exit code {condition.exit_code}, "
            f"restarted {condition.restarts} times",
        )


def describe(answer: http.Answer) -> str:
    """One answer in a line: status, where a redirect leads, and how the body begins."""
    body = " ".join(hidden(answer.body).split())[:200]
    target = f" to {answer.location}" if answer.location else ""
    return f"HTTP {answer.status}{target}" + (f": {body}" if body else "")


def hint(answer: http.Answer | None, fault: str) -> str:
    """The usual reason for what was seen, and what to change; empty when there is none."""
    if answer is None:
        return _connection_hint(fault)
    if answer.upstream.startswith("fream_"):
        return "nginx does not find the container: it must be in the project's network"
    if 300 <= answer.status < 400:
        why = "to log in" if "login" in answer.location else "elsewhere"
        return (
            f"The app redirects {why}: choose a path that answers by itself "
            "(HEALTH_CHECK_POINT), or accept the status (x-fream.health.statuses)"
        )
    if answer.cut:
        return "Choose a path with a short answer (HEALTH_CHECK_POINT)"
    return {
        400: "The app may reject the Host header: set x-fream.health.host",
        401: "The path wants a login: choose an open one (HEALTH_CHECK_POINT)",
        403: "The path is not open to all: choose another (HEALTH_CHECK_POINT)",
        404: "The path does not exist in this release: check HEALTH_CHECK_POINT",
        421: "The app does not serve this host: set x-fream.health.host",
    }.get(answer.status, "")


def _connection_hint(fault: str) -> str:
    if "no answer within" in fault:
        return "The app accepts connections but does not answer: it may wait for its database"
    return (
        "Nothing listens on the app's port: the app must listen on 0.0.0.0 at the port "
        "that SERVER_PORT names, and may need more time (HEALTH_CHECK_TIMEOUT)"
    )
