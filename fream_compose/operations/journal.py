"""What the history keeps of one switch."""

from datetime import UTC, datetime

from fream_compose.errors import FreamError
from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.context import Context
from fream_compose.operations.plan import Plan, SwitchRequest
from fream_compose.project.history import WORSE, Entry, HookRun
from fream_compose.project.operator import who
from fream_compose.release import LiveRelease
from fream_compose.verdict import Verdict

FARES_WORSE = (Verdict.WORSE, Verdict.FAILS)


class Journal:
    """The entry of one switch, from its begin. hooks: gets each hook that ran."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._began = context.clock()
        self.started = datetime.now(UTC)
        self.hooks: list[HookRun] = []

    @property
    def seconds(self) -> float:
        """How long the switch has taken so far."""
        return round(self._context.clock() - self._began, 3)

    def write(
        self,
        request: SwitchRequest,
        release: LiveRelease,
        plan: Plan,
        error: FreamError | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """Add the entry, or replace it by what is known now. Raises ConfigurationError."""
        report = self._context.report
        entry = Entry(
            id=release.switch,
            version=str(release.version),
            set=release.set,
            replaced=str(plan.replaces.version) if plan.replaces else "",
            started=self.started.isoformat(timespec="seconds"),
            seconds=self.seconds,
            result=_result(error, evidence),
            by=who(),
            steps=dict(report.seconds),
            step_ids=dict(report.ids),
            why=f"{error}: {error.why}".removesuffix(": ") if error else "",
            evidence=evidence.to_json() if evidence else {},
            kind=request.kind,
            warnings=tuple(report.warnings),
            hooks=tuple(self.hooks),
        )
        self._context.history.add(entry)


def _result(error: FreamError | None, evidence: Evidence | None) -> str:
    if error is not None:
        return type(error).__name__
    return WORSE if evidence and evidence.verdict in FARES_WORSE else "done"
