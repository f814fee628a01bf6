"""What a switch would do, and what would stop it. Looks, changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fream_compose.docker import ports
from fream_compose.docker.project import Project
from fream_compose.errors import EngineError, FreamError, LockedError
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations.diagnosis import diagnose
from fream_compose.operations.kinds import reject_missing
from fream_compose.operations.plan import Plan, SwitchRequest, decide
from fream_compose.operations.routing import reject_pending_routes
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.operations.steps import planned
from fream_compose.project import lock


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


def dry_run(project: Project, proxy: Proxy, request: SwitchRequest) -> DryRun:
    """Look at a switch without making it. Raises EngineError and ProxyError."""
    seen = take_snapshot(project, proxy)
    plan = decide(seen)
    repairs = [("repair", "Repair", fault.value) for fault in diagnose(seen)]
    steps = [(str(s.id), s.title, s.cause) for s in planned(plan, request, project.settings)]
    looks: list[Callable[[], None]] = [
        lambda: _lock(project),
        lambda: reject_missing(project.settings.checks),
        lambda: _image(project, plan, request),
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


def _image(project: Project, plan: Plan, request: SwitchRequest) -> None:
    """The registry has the image, and there is room for it."""
    if plan.reuses(request):
        return
    needed = project.images.bytes_to_pull(plan.target, request.version)
    free = project.images.free_bytes()
    if free is not None and needed > free:
        raise EngineError(
            f"There is no room for {request.version.tag}",
            f"It takes {needed:,} bytes packed; {free:,} are free",
            next_step="fream prune",
        )


def _port(project: Project, seen: Snapshot, plan: Plan) -> None:
    if plan.target not in seen.occupied:
        ports.reject_taken({plan.target: (project.settings.sets[plan.target].address,)})


def _nginx(proxy: Proxy, seen: Snapshot) -> None:
    if not seen.silent:
        reject_pending_routes(proxy)
        proxy.test_as_it_is()
