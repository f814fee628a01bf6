"""The steps of a switch, written down once: what runs, what --dry-run shows, what history times."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from fream_compose.operations import prune
from fream_compose.operations.context import Context
from fream_compose.operations.plan import Plan, SwitchRequest
from fream_compose.project.history import Kind
from fream_compose.project.settings import Settings
from fream_compose.project.x_fream import Hook
from fream_compose.release import SetName
from fream_compose.report import Place, Step


class StepId(StrEnum):
    """What stays the same whatever a step is called."""

    PULL = "pull"
    REMOVE_WARM = "remove-warm"
    BEFORE_START = "before_start"
    START = "start"
    HEALTH = "health"
    THROUGH_NGINX = "through-nginx"
    WARM_UP = "warm-up"
    BEFORE_CUT_OVER = "before_cut_over"
    HOLD = "hold"
    TEST_NGINX = "test-nginx"
    AGAIN = "again"
    CUT_OVER = "cut-over"
    AFTER_CUT_OVER = "after_cut_over"
    DRAIN = "drain"
    GUARD = "guard"
    RETIRE = "retire"
    PRUNE = "prune"


@dataclass(frozen=True)
class PlannedStep:
    """A step of one switch, and why it is taken."""

    id: StepId
    title: str
    cause: str


def planned(plan: Plan, request: SwitchRequest, settings: Settings) -> tuple[PlannedStep, ...]:
    """The steps of a switch in their order. Pure."""
    return tuple(
        PlannedStep(*step)
        for part in (_prepare, _check, _take_over, _finish)
        for step in part(plan, request, settings)
    )


class Steps:
    """The steps of one switch, as they are taken."""

    def __init__(self, steps: tuple[PlannedStep, ...], context: Context) -> None:
        self._context = context
        self._steps: dict[str, tuple[str, Place]] = {
            step.id: (step.title, Place(step.id, number, len(steps)))
            for number, step in enumerate(steps, 1)
        }

    def __contains__(self, step_id: str) -> bool:
        return step_id in self._steps

    @contextmanager
    def take(self, step_id: str) -> Iterator[Step]:
        """Announce a step for the length of the block. Raises InterruptedRun before it begins."""
        self._context.interruption.check()
        with self._context.report.step(*self._steps[step_id]) as step:
            yield step


_Steps = Iterator[tuple[StepId, str, str]]


def _prepare(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    if plan.reuses(request):
        return
    new, old = plan.target, plan.replaces
    live = f"{old.version.short} in {old.set} is live" if old else "nothing is live"
    pull = f"pull is {settings.switch.pull!r}; its digest is pinned"
    yield StepId.PULL, f"Pull {request.version.tag}", pull
    if plan.warm:
        cause = "its place is needed"
        yield StepId.REMOVE_WARM, f"Remove {new}, which was kept warm", cause
    yield from _hooks(StepId.BEFORE_START, request, settings)
    yield StepId.START, f"Start {new}", live


def _check(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    new, switch = plan.target, settings.switch
    yield StepId.HEALTH, f"Check the health of {new}", f"{switch.health.path} on its own port"
    cause = "its own port alone does not prove that nginx finds it"
    yield StepId.THROUGH_NGINX, f"Check {new} through nginx", cause
    if switch.warm_up.paths and not plan.reuses(request):
        yield StepId.WARM_UP, f"Warm up {new}", f"{switch.warm_up.requests} requests"
    yield from _hooks(StepId.BEFORE_CUT_OVER, request, settings)
    if request.hold:
        yield StepId.HOLD, "Hold before the cut-over", "for fream promote or fream abort"
    yield StepId.TEST_NGINX, "Test the nginx configuration", "a reload would read all of it"
    yield StepId.AGAIN, f"Look at {new} once more", "it may have died since it was checked"


def _take_over(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    new, old, switch = plan.target, plan.replaces, settings.switch
    yield StepId.CUT_OVER, f"Cut over to {new}", "nginx confirms with an id of this switch"
    yield from _hooks(StepId.AFTER_CUT_OVER, request, settings)
    if old:
        seconds = switch.drain.timeout.total_seconds()
        yield StepId.DRAIN, f"Drain {old.set}", f"at most {seconds:g} s"
    if switch.guard.time:
        seconds = switch.guard.time.total_seconds()
        back = f"back to {old.set} if it fails" if old else "there is nothing to go back to"
        yield StepId.GUARD, f"Guard {new}", f"{seconds:g} s from the cut-over; {back}"


def _finish(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    if plan.replaces:
        yield _retire(plan.replaces.set, request, settings)
    cause = f"those of the last {settings.switch.retain} releases stay"
    yield StepId.PRUNE, prune.TITLE, cause


def _retire(old: SetName, request: SwitchRequest, settings: Settings) -> tuple[StepId, str, str]:
    if warm := request.keep_warm or settings.switch.keep_warm:
        return StepId.RETIRE, f"Keep {old} running", f"for {warm}, for an instant rollback"
    return StepId.RETIRE, f"Stop and remove {old}", "nothing is in flight to it then"


def _hooks(moment: StepId, request: SwitchRequest, settings: Settings) -> _Steps:
    hooks: tuple[Hook, ...] = getattr(settings.switch.hooks, moment)
    if due := () if request.skip_hooks else due_hooks(hooks, request):
        yield moment, hooks_title(moment), "; ".join(map(str, due))


def due_hooks(hooks: tuple[Hook, ...], request: SwitchRequest) -> tuple[Hook, ...]:
    """The hooks that run with this kind of release."""
    back = request.kind is Kind.ROLLBACK
    return tuple(hook for hook in hooks if hook.runs_on_rollback or not back)


def hooks_title(moment: str) -> str:
    """What the step is called that runs the hooks of a moment."""
    return f"Run the hooks {moment.replace('_', ' ')}"
