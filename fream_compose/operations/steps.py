"""The steps of a switch, written down once: what runs, what --dry-run shows, what history times."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fream_compose import times
from fream_compose.docker.changes import PULL, START
from fream_compose.operations import prune
from fream_compose.operations.context import Context
from fream_compose.operations.plan import Plan, SwitchRequest
from fream_compose.project.entry import Kind
from fream_compose.project.settings import Settings
from fream_compose.project.x_fream import Hook
from fream_compose.release import SetName
from fream_compose.report import Place, Step
from fream_compose.step_ids import StepId
from fream_compose.text import count


@dataclass(frozen=True)
class PlannedStep:
    """A step of one switch, and why it is taken. limit: the seconds that it may take, or 0."""

    id: StepId
    title: str
    cause: str
    limit: float = 0.0


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
        # Images are only removed where there are any, and the last number is to come.
        counted = [step for step in steps if step.id is not StepId.PRUNE]
        self._steps: dict[str, tuple[str, Place, float]] = {
            step.id: (step.title, Place(step.id, number, len(counted)), step.limit)
            for number, step in enumerate(counted, 1)
        }

    def __contains__(self, step_id: str) -> bool:
        return step_id in self._steps

    @contextmanager
    def take(self, step_id: str, limit: float = 0.0) -> Iterator[Step]:
        """Announce a step for the length of the block. Raises InterruptedRun before it begins.

        limit: the seconds that it may take, where that was not known before.
        """
        self._context.interruption.check()
        title, place, planned_limit = self._steps[step_id]
        with self._context.report.step(title, place, limit or planned_limit) as step:
            yield step


_Steps = Iterator[tuple[StepId, str, str] | tuple[StepId, str, str, float]]


def _prepare(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    if plan.reuses(request):
        return
    new, old = plan.target, plan.replaces
    live = f"{old.version.short} in {old.set} is live" if old else "nothing is live"
    pull = f"pull is {settings.switch.pull!r}; its digest is pinned"
    yield StepId.PULL, f"Pull {request.version.tag}", pull, PULL
    if due := plan.waits_for(request, settings.early_services(new)):
        cause = "; ".join(map(str, due))
        yield StepId.WAIT, f"Wait for {', '.join(one.service for one in due)}", cause
    if plan.warm:
        cause = "its place is needed"
        yield StepId.REMOVE_WARM, f"Remove {new}, which was kept warm", cause
    yield from _hooks(StepId.BEFORE_START, request, settings)
    yield StepId.START, f"Start {new}", live, START


def _check(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    new, switch = plan.target, settings.switch
    limit = settings.health_seconds
    yield StepId.HEALTH, f"Check the health of {new}", _asked(settings), limit
    cause = "its own port alone does not prove that nginx finds it"
    yield StepId.THROUGH_NGINX, f"Check {new} through nginx", cause
    if switch.warm_up.paths and not plan.reuses(request):
        limit = switch.warm_up.timeout.total_seconds()
        asked = count(switch.warm_up.requests, "request")
        yield StepId.WARM_UP, f"Warm up {new}", asked, limit
    yield from _hooks(StepId.BEFORE_CUT_OVER, request, settings)
    if request.hold:
        limit = switch.hold.timeout.total_seconds()
        yield StepId.HOLD, "Hold before the cut-over", "for fream promote or fream abort", limit
    yield StepId.TEST_NGINX, "Test the nginx configuration", "a reload would read all of it"
    yield StepId.AGAIN, f"Look at {new} once more", "it may have died since it was checked"


def _asked(settings: Settings) -> str:
    """How each service is found good."""
    app, *others = settings.checks.items()
    listens = app[1].asks_a_port and not app[1].port
    first = f"{app[1]} on its own port" if listens else str(app[1])
    return ", ".join([first, *(f"{name}: {health}" for name, health in others)])


def _take_over(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    new, old, switch = plan.target, plan.replaces, settings.switch
    cause, limit = "nginx confirms with an id of this switch", switch.cut_over.timeout
    yield StepId.CUT_OVER, f"Cut over to {new}", cause, limit.total_seconds()
    if late := settings.late_services(new).values():
        yield StepId.HAND_OVER, f"Hand over to {', '.join(late)}", _hand_over_cause(plan, settings)
    yield from _hooks(StepId.AFTER_CUT_OVER, request, settings)
    if old:
        seconds = switch.drain.timeout.total_seconds()
        yield StepId.DRAIN, f"Drain {old.set}", f"at most {times.limit(seconds)}", seconds
    if switch.guard.time:
        seconds = switch.guard.time.total_seconds()
        back = f"back to {old.set} if it fails" if old else "there is nothing to go back to"
        yield StepId.GUARD, f"Guard {new}", f"{times.limit(seconds)} from the cut-over; {back}"


def _hand_over_cause(plan: Plan, settings: Settings) -> str:
    alone = [name for name in settings.late if settings.switch.services[name].alone]
    if not (old := plan.replaces):
        return "they work for a live release only"
    members = settings.sets[old.set].members
    waits = [f"{name} starts when {members[name]} has ended" for name in alone]
    return "; ".join([f"those of {old.set} finish their work", *waits])


def _finish(plan: Plan, request: SwitchRequest, settings: Settings) -> _Steps:
    if plan.replaces:
        yield _retire(plan.replaces.set, request, settings)
    cause = f"those of the last {settings.switch.retain} releases stay"
    yield StepId.PRUNE, prune.TITLE, cause
    yield from _hooks(StepId.AFTER_RELEASE, request, settings)


def _retire(old: SetName, request: SwitchRequest, settings: Settings) -> tuple[StepId, str, str]:
    if warm := request.keep_warm or settings.switch.keep_warm:
        return StepId.RETIRE, f"Keep {old} running", f"for {warm}, for an instant rollback"
    return StepId.RETIRE, f"Stop and remove {old}", "nothing is in flight to it then"


def _hooks(moment: StepId, request: SwitchRequest, settings: Settings) -> _Steps:
    hooks: tuple[Hook, ...] = getattr(settings.switch.hooks, moment)
    if due := () if request.skip_hooks else due_hooks(hooks, request):
        limit = sum(hook.timeout.total_seconds() for hook in due)
        yield moment, hooks_title(moment), "; ".join(map(str, due)), limit


def due_hooks(hooks: tuple[Hook, ...], request: SwitchRequest) -> tuple[Hook, ...]:
    """The hooks that run with this kind of release."""
    back = request.kind is Kind.ROLLBACK
    return tuple(hook for hook in hooks if hook.runs_on("rollback" if back else "release"))


def hooks_title(moment: str) -> str:
    """What the step is called that runs the hooks of a moment."""
    return f"Run the hooks {moment.replace('_', ' ')}"
