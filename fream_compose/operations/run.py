"""One switch under way: what its parts share, and how it is recorded."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from fream_compose.errors import FreamError, GuardError, UncertainError
from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.hooks import run_hooks
from fream_compose.operations.journal import Journal
from fream_compose.operations.plan import Plan, SwitchRequest
from fream_compose.operations.serving import serving
from fream_compose.operations.steps import Steps, due_hooks, hooks_title
from fream_compose.project.x_fream import Hook
from fream_compose.release import LiveRelease
from fream_compose.report import Step


@dataclass
class Run:
    """A switch to a release. release: with its digest once that is known."""

    context: Context
    request: SwitchRequest
    plan: Plan
    release: LiveRelease
    checks: Checks
    steps: Steps
    journal: Journal

    @property
    def reuses(self) -> bool:
        """Whether the set that was kept warm serves as it is."""
        return self.plan.reuses(self.request)

    def hooks(self, moment: str, check: Callable[[], None] | None = None) -> None:
        """Run the user's hooks of a moment. check: called often; heeds signals if not given.

        Raises HookError for the first that fails.
        """
        context, request = self.context, self.request
        hooks: tuple[Hook, ...] = getattr(context.settings.switch.hooks, moment)
        heed, ran = check or context.interruption.check, self.journal.hooks
        if hooks and request.skip_hooks:
            title = moment.replace("_", " ")
            context.report.warn(f"the hooks {title} were skipped, as --skip-hooks asked for")
        elif due := due_hooks(hooks, request):
            with self._hooks_step(moment):
                context.interruption.check()
                place = (context.project, self.release, self.plan.replaces)
                run_hooks(moment, due, *place, heed, request.kind, ran)

    def _hooks_step(self, moment: str) -> AbstractContextManager[Step]:
        """Those after a failure are no step of the plan."""
        if moment in self.steps:
            return self.steps.take(moment)
        return self.context.report.step(hooks_title(moment))

    def failed(self, error: FreamError, evidence: Evidence | None = None) -> None:
        """Say what serves, run the hooks after a failure, and record it."""
        undone = not isinstance(error, UncertainError)
        error.serving = serving(self.context.proxy, undone=undone)
        self.context.interruption.disregard()
        with self.warning("a hook failed"):
            self.hooks("after_failure")
        self.record(error, evidence)

    def record(self, error: FreamError | None = None, evidence: Evidence | None = None) -> None:
        """Have the history know what is known by now."""
        with self.warning("the history lacks this switch"):
            self.journal.write(self.request, self.release, self.plan, error, evidence)

    @contextmanager
    def warning(self, what: str) -> Iterator[None]:
        """Turn a failure of the block into a warning, but for the release's own."""
        report = self.context.report
        try:
            yield
        except GuardError:
            raise
        except FreamError as error:
            report.warn(f"{what}: {error}" + (f" ({error.why})" if error.why else ""))
            for line in error.logs:
                report.note(f"  log      {line}")
