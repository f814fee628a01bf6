"""What is kept of a release that has ended, and what hooks find of it: its report."""

from collections.abc import Sequence
from datetime import datetime

from fream_compose.errors import FreamError, unexpected
from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.context import Context
from fream_compose.operations.hooks import whole_line
from fream_compose.project.entry import Entry, Result
from fream_compose.project.operator import server
from fream_compose.release_report.facts import ReleaseReport, StepTaken
from fream_compose.release_report.page import page
from fream_compose.release_report.words import verdict
from fream_compose.report import Taken
from fream_compose.text import count
from fream_compose.times import span


def report_of(
    context: Context, entry: Entry, error: FreamError | None, evidence: Evidence | None
) -> ReleaseReport:
    """All that is known of a release. entry: its row of the history."""
    began = datetime.fromisoformat(entry.started).timestamp()
    series = evidence.series if evidence else None
    return ReleaseReport(
        entry,
        context.settings.project,
        server(),
        _steps(context.report.taken, began),
        series.since(began) if series else None,
        error.logs if error else (),
        error.serving if error else "",
        error.next_step if error else "",
    )


def _steps(taken: Sequence[Taken], began: float) -> tuple[StepTaken, ...]:
    """In the order in which they began; one that ran in another ended before it."""
    return tuple(
        StepTaken(s.title, s.id, round(s.began - began, 3), s.seconds, s.error is not None)
        for s in sorted(taken, key=lambda step: step.began)
    )


def variables(report: ReleaseReport) -> dict[str, str]:
    """What a hook at the end of a release finds in its environment, without a kept report."""
    run = report.run
    why = verdict(report) if run.result is Result.FAILING else run.why
    unseen = run.evidence.get("missing") and not run.evidence.get("served")
    found = {
        "RESULT": run.result,
        "EXIT_CODE": run.exit_code or 0,
        "WHY": why,
        "FAILED_STEP": run.failed_step,
        "SECONDS": run.seconds,
        "SERVED": "" if unseen else run.evidence.get("served", ""),
        "FAILED": "" if unseen else run.evidence.get("failed", ""),
        "REPORT": "",
        "REPORT_PAGE": "",
    }
    return {f"FREAM_{name}": whole_line(str(value)) for name, value in found.items()}


def keep(context: Context, report: ReleaseReport) -> dict[str, str]:
    """Write the report for programs and for people; returns where a hook finds it.

    Raises a FreamError, whatever goes wrong: no release fails for what is told of it.
    """
    reports, name = context.settings.state.reports, report.run.id
    try:
        reports.write(name, report.to_json(), page(report))
    except Exception as error:
        raise unexpected(error) from error
    return {"FREAM_REPORT": str(reports.json(name)), "FREAM_REPORT_PAGE": str(reports.page(name))}


def noticed(evidence: Evidence) -> str:
    """What users noticed of a release that failed after its cut-over."""
    if evidence.missing and not evidence.served:
        return "\nWhat users noticed is not known: " + evidence.missing
    return (
        f"\n{count(evidence.failed, 'request')} failed; users went without a good answer for "
        f"{span(evidence.outage_seconds)} at most"
    )
