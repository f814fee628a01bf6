"""What a switch would do, and what would stop it. Looks, changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fream_compose import lock, ports
from fream_compose.errors import EngineError, FreamError, LockedError
from fream_compose.observe import Snapshot, observe
from fream_compose.plan import Plan, Wish, decide, diagnose
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.steps import planned


@dataclass(frozen=True)
class DryRun:
    """The steps of a switch as title and cause, and the failures that it would end with.

    obstacles: the first is the one that the switch would meet first.
    """

    steps: tuple[tuple[str, str, str], ...]
    obstacles: tuple[FreamError, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "steps": [{"id": i, "title": title, "cause": cause} for i, title, cause in self.steps],
            "obstacles": [f"{error}: {error.why}" for error in self.obstacles],
        }

    def lines(self) -> list[str]:
        """For people: a line for each step."""
        width = max(len(title) for _, title, _ in self.steps)
        steps = [f"{title:<{width}}  {cause}" for _, title, cause in self.steps]
        return [*steps, *(f"would fail: {error}" for error in self.obstacles)]


def dry_run(project: Project, proxy: Proxy, wish: Wish) -> DryRun:
    """Look at a switch without making it. Raises EngineError and ProxyError."""
    seen = observe(project, proxy)
    plan = decide(seen)
    repairs = [("repair", "Put right", mend.value) for mend in diagnose(seen)]
    steps = [(str(s.id), s.title, s.cause) for s in planned(plan, wish, project.settings)]
    looks: list[Callable[[], None]] = [
        lambda: _lock(project),
        lambda: _image(project, plan, wish),
        lambda: _port(project, seen, plan),
        lambda: _nginx(proxy, seen),
    ]
    return DryRun((*repairs, *steps), tuple(_failures(looks)))


def _failures(looks: list[Callable[[], None]]) -> Iterator[FreamError]:
    for look in looks:
        try:
            look()
        except FreamError as error:
            yield error


def _lock(project: Project) -> None:
    state = project.settings.state_directory
    if not lock.free(state):
        raise LockedError("Another run is at work", lock.holder(state), next_step="fream status")


def _image(project: Project, plan: Plan, wish: Wish) -> None:
    """The registry has the image, and there is room for it."""
    if plan.reuses(wish):
        return
    needed, free = project.bytes_to_pull(wish.version), project.free_bytes()
    if free is not None and needed > free:
        raise EngineError(
            f"There is no room for {wish.version.tag}",
            f"It takes {needed:,} bytes packed; {free:,} are free",
            next_step="fream prune",
        )


def _port(project: Project, seen: Snapshot, plan: Plan) -> None:
    if plan.target not in seen.occupied:
        ports.reject_taken({plan.target: (project.settings.sets[plan.target].address,)})


def _nginx(proxy: Proxy, seen: Snapshot) -> None:
    if not seen.silent:
        proxy.test_as_it_is()
