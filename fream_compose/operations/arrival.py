"""Everything of a switch before its cut-over; users notice nothing of it."""

from dataclasses import replace

from fream_compose.docker import ports
from fream_compose.errors import FreamError
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.held import hold
from fream_compose.operations.live_images import known_by_tags, name_again, services_of
from fream_compose.operations.removal import remove
from fream_compose.operations.retirement import Retirement
from fream_compose.operations.rollback import NO_WAY_BACK
from fream_compose.operations.run import Run
from fream_compose.operations.undo import Undo
from fream_compose.operations.way_back import BY_HAND
from fream_compose.project.entry import Kind
from fream_compose.project.envfile import version_variable
from fream_compose.step_ids import StepId
from fream_compose.text import one_line


def bring_up(run: Run, undo: Undo) -> None:
    """Have the release run in the idle set, checked and ready. Raises a FreamError."""
    _have_images(run, undo)
    run.know()  # now, as the run may be killed after its cut-over before the history hears of that
    if run.reuses:
        if StepId.HAND_OVER in run.steps:  # it will create containers, when nothing is undone
            run.context.project.compose.secrets(run.context.interruption.check)
        _declare(run)
    else:
        _prepare(run, undo)
        _start(run, undo)
    _check(run)
    run.hooks(StepId.BEFORE_CUT_OVER)
    if run.request.hold:
        run.journal.know(promoted_by=hold(run.context, run.release, run.steps))
    with run.steps.take(StepId.TEST_NGINX):
        run.context.proxy.test(run.release)
    with run.steps.take(StepId.AGAIN) as step:
        step.detail = run.checks.again()


def _have_images(run: Run, undo: Undo) -> None:
    """From here on the release has its digest: whatever happens next is known of that content."""
    project, release, old = run.context.project, run.release, run.plan.replaces
    if old and old.version.tag == release.version.tag and known_by_tags(project, old):
        title = "Have the tags name the live images again"
        undo.add(title, BY_HAND, lambda: name_again(project, old))
    wanted = (release.set, release.version, run.context.interruption.check, run.request.images)
    if run.reuses:
        run.images = project.images.fetch(*wanted, registry=False)
        return
    with run.steps.take(StepId.PULL) as step:
        run.images = project.images.fetch(*wanted)
        step.detail = run.images.version.short
    run.release = replace(release, version=run.images.version)


def _prepare(run: Run, undo: Undo) -> None:
    """Make the idle set ready for the release: empty, and named in `.env`."""
    name = run.release.set
    env, variable = run.context.project.env, version_variable(name)
    run.context.project.compose.secrets(run.context.interruption.check)  # before anything changes
    if StepId.WAIT in run.steps:
        with run.steps.take(StepId.WAIT) as step:
            due = run.plan.waits_for(run.request, run.context.settings.early_services(name))
            pause = run.context.interruption.wait
            HandOver(run.context).wait_for([one.service for one in due], pause, step.saw)
    run.context.proxy.disarm()  # whoever removed the other set may have left it to this release
    if run.plan.warm:
        with run.steps.take(StepId.REMOVE_WARM) as step:
            pause = run.context.interruption.wait
            step.detail = Retirement(run.context).drain(name, pause, step.saw)
            remove(run.context, name, replaced=True)
    run.context.notes.cool()
    run.context.notes.uncheck(name)
    ports.reject_taken({name: (run.context.settings.sets[name].address,)})
    before = env.get(variable)
    undo.add(f"Restore {variable} in .env", BY_HAND, lambda: env.update({variable: before}))
    env.update({variable: str(run.context.project.images.named(name, run.release.version))})
    _declare(run)
    run.hooks(StepId.BEFORE_START)


def _declare(run: Run) -> None:
    """Note whether there is a way back behind the release: its migrations may run from here on."""
    said = run.request.no_way_back or (_known(run) if run.reuses else _of_image(run))
    if said:
        run.journal.know(no_way_back=one_line(said))


def _of_image(run: Run) -> str:
    label = run.context.project.images.label
    ids = dict.fromkeys(run.images.ids.values())
    return next((said for image in ids if (said := label(image, NO_WAY_BACK))), "")


def _known(run: Run) -> str:
    """What the history has of it: what runs has been released."""
    entries, version = reversed(run.context.history.entries()), str(run.release.version)
    return next((entry.no_way_back for entry in entries if entry.version == version), "")


def _start(run: Run, undo: Undo) -> None:
    project, name = run.context.project, run.release.set
    spec = run.context.settings.sets[name]
    with run.steps.take(StepId.START):
        undo.add(f"Remove {name}", BY_HAND, lambda: project.compose.discard(name, run.keep_log))
        try:
            services = services_of(run.context.settings, name, run.images)
            project.start_set(name, run.release.version, services)
        except FreamError as error:
            error.logs = error.logs or project.containers.logs(spec.container)
            raise


def _check(run: Run) -> None:
    if run.request.kind is Kind.ROLLBACK:
        run.checks.leave_out_later()
    run.checks.remember(new=not run.reuses)
    run.checks.reject_other_image(run.release.version, run.images.ids)
    with run.steps.take(StepId.HEALTH) as step:
        step.detail = run.checks.own_port(step.saw)
    with run.steps.take(StepId.THROUGH_NGINX, run.checks.left) as step:
        run.checks.through_nginx(step.saw)
    if StepId.WARM_UP in run.steps:
        with run.steps.take(StepId.WARM_UP) as step:
            step.detail = run.checks.warm_up(step.saw)
