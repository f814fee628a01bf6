"""Hits a run at exactly one step, from outside: the product knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from fream_compose.docker import compose, containers, images
from fream_compose.nginx import include, proxy
from fream_compose.operations import checks, guard, recovery, run, switch
from fream_compose.project import history
from tests.faults.steps import Moment, Step

OWNERS: dict[str, Any] = {
    "compose": compose.Compose,
    "containers": containers.Containers,
    "images": images.Images,
    "include": include,
    "proxy": proxy.Proxy,
    "checks": checks.Checks,
    "guard": guard.Guard,
    "history": history.History,
    "recovery": recovery,
    "run": run,
    "switch": switch,
}


class Trap:
    """Springs once, before or after the call that a step stands for."""

    def __init__(self, step: Step, moment: Moment, spring: Callable[[], object]) -> None:
        self.sprung = False
        self._step = step
        self._moment = moment
        self._spring = spring
        self._depth = 0 if step.inside else 1
        self._skip = step.skip

    @contextmanager
    def set(self, owners: Mapping[str, Any] = OWNERS) -> Iterator[Trap]:
        """Lie in wait for the length of a block."""
        with ExitStack() as stack:
            if self._step.inside:
                stack.enter_context(_wrapped(owners["proxy"], self._step.inside, self._enclose))
            owner = owners[self._step.owner]
            stack.enter_context(_wrapped(owner, self._step.call, self._watch))
            yield self

    def _enclose(self, call: Callable[[], Any]) -> Any:
        self._depth += 1
        try:
            return call()
        finally:
            self._depth -= 1

    def _watch(self, call: Callable[[], Any]) -> Any:
        if self.sprung or not self._depth:
            return call()
        if self._skip:
            self._skip -= 1
            return call()
        self.sprung = True
        if self._moment is Moment.BEFORE:
            self._spring()
            return call()
        answer = call()
        self._spring()
        return answer


@contextmanager
def _wrapped(owner: Any, name: str, around: Callable[[Callable[[], Any]], Any]) -> Iterator[None]:
    original = getattr(owner, name)

    def wrapper(*given: Any, **named: Any) -> Any:
        return around(partial(original, *given, **named))

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        setattr(owner, name, original)
