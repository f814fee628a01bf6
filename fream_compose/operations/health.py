"""When is a release good enough to serve?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from fream_compose import http, pattern, times
from fream_compose.docker.facts import Condition
from fream_compose.errors import UnhealthyError
from fream_compose.project.health_settings import Health
from fream_compose.report import Saw, unseen
from fream_compose.secrecy import hidden

# Each tag ends before the next begins, so that no page takes longer than its length.
_PAGE = re.compile(r"\s*<(!doctype html|html)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_MORE_MEMORY = (
    "Give it more memory (mem_limit in app.yaml), or have it take less, then switch to it again"
)
_INSPECT_EVERY = 1.0  # seconds between looks at a container that does not answer


def _no_hint() -> str:
    return ""


@dataclass(frozen=True)
class Seen:
    """What one check saw. said: in a few words. fault: what is wrong; empty when it is good.

    seconds: that the answer took. final: whether no later one can be better. hint: tells the
    usual reason of the fault, and what to change; empty when there is none.
    """

    said: str = ""
    fault: str = ""
    seconds: float = 0.0
    final: bool = False
    hint: Callable[[], str] = _no_hint


@dataclass(frozen=True)
class Probe:
    """How one check asks, and how it looks at the container behind.

    ask: looks once. condition: state of the service's container.
    """

    where: str
    ask: Callable[[], Seen]
    condition: Callable[[], Condition]


def wait_until_healthy(
    probe: Probe,
    settings: Health,
    deadline: float,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    saw: Saw = unseen,
) -> Seen:
    """Ask until enough answers in a row are good. Returns the last one.

    deadline: on the clock, in its seconds. saw: gets what each look saw. Raises UnhealthyError
    at the deadline, and at once when the container crashes, or when nothing better can come.
    """
    in_a_row = 0
    looked = clock()
    while True:
        asked = clock()
        seen = probe.ask()
        fault = seen.fault
        in_a_row = 0 if fault else in_a_row + 1
        if in_a_row >= settings.successes:
            return seen
        good = f"{in_a_row} of {settings.successes} good answers"
        saw(f"last check: {fault} ({settings})" if fault else good)
        if fault and clock() - looked >= _INSPECT_EVERY:
            looked = clock()
            _reject_crashed(probe)
        if seen.final or clock() >= deadline:
            limit = f"within {times.limit(settings.timeout.total_seconds())}"
            raise UnhealthyError(
                f"The new release was not healthy {limit}"
                if not seen.final
                else "The health of the new release cannot be known",
                f"{probe.where}: {fault or 'too few good answers in a row'}",
                next_step=seen.hint(),
            )
        pause(max(0.0, asked + settings.interval.total_seconds() - clock()))


def fault_of(answer: http.Answer, settings: Health) -> str:
    """What is wrong with an answer; empty when it is good."""
    if not settings.accepts(answer.status):
        return describe(answer)
    try:
        if settings.body and not pattern.found(settings.body, answer.body):
            where = f" in its first {http.LONGEST // 1024} kB" if answer.cut else ""
            return f"{describe(answer)}, which does not match {settings.body!r}{where}"
    except pattern.TooSlow as slow:
        return f"{describe(answer)}, in which the pattern {settings.body!r} {slow}"
    return ""


def _reject_crashed(probe: Probe) -> None:
    condition = probe.condition()
    if condition.crashed:
        raise UnhealthyError(
            "The new release crashed",
            f"{condition.name or 'Its container'} {condition.ending}",
            next_step=_MORE_MEMORY if condition.starved else "",
        )


def describe(answer: http.Answer) -> str:
    """One answer in a line: status, where a redirect leads, and what the body says first."""
    body = " ".join(hidden(_words(hidden(answer.body))).split())[:200]
    target = f" to {answer.location}" if answer.location else ""
    return f"HTTP {answer.status}{target}" + (f": {body}" if body else "")


def _words(body: str) -> str:
    """What a body says to people: of a page its title, else its text."""
    if not _PAGE.match(body):
        return body
    title = _TITLE.search(body)
    return unescape(title[1] if title and title[1].strip() else _TAG.sub(" ", body))
