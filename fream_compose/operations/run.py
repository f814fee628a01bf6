"""One switch under way: what its parts share, and how it is recorded."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from fream_compose.docker.release_images import ReleaseImages
from fream_compose.errors import FreamError, GuardError, ProxyError, UncertainError
from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.ending import keep, report_of, variables
from fream_compose.operations.hooks import NOTHING_MORE, run_hooks
from fream_compose.operations.journal import Journal
from fream_compose.operations.plan import Plan, SwitchRequest
from fream_compose.operations.serving import serving
from fream_compose.operations.steps import Steps, due_hooks, hooks_title
from fream_compose.operations.taken_back import keep_log
from fream_compose.project.x_fream import Hook
from fream_compose.release import LiveRelease
from fream_compose.report import Step
from fream_compose.step_ids import StepId


@dataclass
class Run:
    """A switch to a release. release, images: with their contents once those are known."""

    context: Context
    request: SwitchRequest
    plan: Plan
    release: LiveRelease
    checks: Checks
    steps: Steps
    journal: Journal
    images: ReleaseImages

    @property
    def reuses(self) -> bool:
        """Whether the set that was kept warm serves as it is."""
        return self.plan.reuses(self.request)

    def hooks(
        self,
        moment: str,
        check: Callable[[], None] | None = None,
        more: Mapping[str, str] = NOTHING_MORE,
    ) -> None:
        """Run the user's hooks of a moment. check: called often; heeds signals if not given.

        more: what they find besides what all find. Raises HookError for the first that fails.
        """
        context, request = self.context, self.request
        hooks: tuple[Hook, ...] = getattr(context.settings.switch.hooks, moment)
        heed, ran = check or context.interruption.check, self.journal.hooks
        if hooks and request.skip_hooks:
            title = moment.replace("_", " ")
            context.report.warn(f"the hooks {title} were skipped, as --skip-hooks asked for")
        elif due := due_hooks(hooks, request):
            with self._hooks_step(moment) as step:
                context.interruption.check()
                place = (context.project, self.release, self.plan.replaces)
                run_hooks(moment, due, *place, heed, request.kind, ran, step.saw, more)

    def _hooks_step(self, moment: str) -> AbstractContextManager[Step]:
        """Those after a failure are no step of the plan."""
        if moment in self.steps:
            return self.steps.take(moment)
        return self.context.report.step(hooks_title(moment), id=StepId(moment))

    def failed(self, error: FreamError, evidence: Evidence | None = None) -> None:
        """Say what serves, run the hooks after a failure, and record it."""
        undone = not isinstance(error, UncertainError)
        error.serving = serving(self.context.proxy, undone=undone)
        self.context.interruption.disregard()
        if self.journal.entry.released and not self._may_serve():
            self.know(released=False)
        if self.journal.entry.log:
            all_of_it = f"fream logs --of {self.journal.entry.short_id}"
            error.next_step = "; ".join(filter(None, (all_of_it, error.next_step)))
        self._end(StepId.AFTER_FAILURE, error, evidence)

    def _may_serve(self) -> bool:
        """Whether it is live in spite of its failure, as far as nginx tells."""
        try:
            live = self.context.proxy.state().live
        except ProxyError:
            return True
        return live is not None and live.switch == self.release.switch

    def finished(self, evidence: Evidence) -> None:
        """Record a release that was made, and run the hooks after it."""
        self._end(StepId.AFTER_RELEASE, None, evidence)

    def _end(self, moment: StepId, error: FreamError | None, evidence: Evidence | None) -> None:
        """Record it and keep its report; then run the hooks, which may send that on."""
        warnings, ran = self.context.report.warnings, self.journal.hooks
        found = self._keep(error, evidence)
        before = len(warnings), len(ran)
        with self.warning("a hook failed"):
            self.hooks(moment, more=found)
        if before != (len(warnings), len(ran)):
            self._keep(error, evidence)

    def _keep(self, error: FreamError | None, evidence: Evidence | None) -> dict[str, str]:
        """Write down how it ended; returns what hooks find of it."""
        self.ended(error, evidence)
        report = report_of(self.context, self.journal.entry, error, evidence)
        found = variables(report)
        with self.warning("there is no report of this release"):
            found |= keep(self.context, report)
        return found

    def keep_log(self) -> None:
        """Keep what its set printed, which is about to be taken back."""
        keep_log(self.context, self.journal, self.release.set)

    def serves(self) -> None:
        """Have the history know that it does, should the rest be cut short."""
        self.know(released=True)

    def ended(self, error: FreamError | None = None, evidence: Evidence | None = None) -> None:
        """Have the history know how it ended."""
        self.journal.learn(self.release, self.images.contents, self.plan.replaces)
        self.journal.end(error, evidence)

    def know(self, **known: Any) -> None:
        """Have the history know what is known of it by now."""
        self.journal.learn(self.release, self.images.contents, self.plan.replaces)
        self.journal.know(**known)

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
