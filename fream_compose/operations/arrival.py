"""Everything of a switch before its cut-over; users notice nothing of it."""

from dataclasses import replace

from fream_compose.docker import ports
from fream_compose.errors import FreamError
from fream_compose.operations.held import hold
from fream_compose.operations.removal import remove
from fream_compose.operations.run import Run
from fream_compose.operations.steps import StepId
from fream_compose.operations.undo import Undo
from fream_compose.operations.way_back import BY_HAND
from fream_compose.project.envfile import version_variable


def bring_up(run: Run, undo: Undo) -> None:
    """Have the release run in the idle set, checked and ready. Raises a FreamError."""
    if not run.reuses:
        _pull(run)
        _prepare(run, undo)
        _start(run, undo)
    _check(run)
    run.hooks(StepId.BEFORE_CUT_OVER)
    if run.request.hold:
        hold(run.context, run.release, run.steps)
    with run.steps.take(StepId.TEST_NGINX):
        run.context.proxy.test(run.release)
    with run.steps.take(StepId.AGAIN) as step:
        step.detail = run.checks.again()


def _pull(run: Run) -> None:
    """From here on the release has its digest: whatever happens next is known of that content."""
    images, check = run.context.project.images, run.context.interruption.check
    with run.steps.take(StepId.PULL) as step:
        version = images.fetch(run.release.version, check)
        step.detail = version.short
    run.release = replace(run.release, version=version)


def _prepare(run: Run, undo: Undo) -> None:
    """Make the idle set ready for the release: empty, and named in `.env`."""
    name = run.release.set
    env, variable = run.context.project.env, version_variable(name)
    run.context.project.compose.secrets(run.context.interruption.check)  # before anything changes
    if run.plan.warm:
        with run.steps.take(StepId.REMOVE_WARM):
            remove(run.context, name, replaced=True)
    run.context.notes.cool()
    ports.reject_taken({name: (run.context.settings.sets[name].address,)})
    before = env.get(variable)
    undo.add(f"Restore {variable} in .env", BY_HAND, lambda: env.update({variable: before}))
    env.update({variable: str(run.release.version)})
    run.hooks(StepId.BEFORE_START)


def _start(run: Run, undo: Undo) -> None:
    project, name = run.context.project, run.release.set
    spec = run.context.settings.sets[name]
    with run.steps.take(StepId.START):
        undo.add(f"Remove {name}", BY_HAND, lambda: project.compose.discard(name))
        try:
            project.compose.start(name, run.release.version)
        except FreamError as error:
            error.logs = error.logs or project.containers.logs(spec.container)
            raise


def _check(run: Run) -> None:
    run.checks.remember()
    run.checks.reject_other_image(run.release.version)
    with run.steps.take(StepId.HEALTH) as step:
        step.detail = run.checks.own_port()
    with run.steps.take(StepId.THROUGH_NGINX):
        run.checks.through_nginx()
    if StepId.WARM_UP in run.steps:
        with run.steps.take(StepId.WARM_UP) as step:
            step.detail = run.checks.warm_up()
