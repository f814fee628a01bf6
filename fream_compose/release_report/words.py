"""A run in words: how it ended, and what users got meanwhile."""

from fream_compose import times
from fream_compose.nginx.evidence import Evidence
from fream_compose.nginx.latency import Latency
from fream_compose.project.entry import Entry, Kind, Result
from fream_compose.release import SetName
from fream_compose.release_report.facts import ReleaseReport
from fream_compose.text import count
from fream_compose.verdict import Share, Verdict

_UNCERTAIN = "UncertainError"
_ENDED = {
    Result.RUNNING: "has not ended",
    Result.DONE: "is done",
    Result.FAILING: "is done",
    Result.FAILED: "failed",
    Result.CANCELLED: "was cancelled",
    Result.INTERRUPTED: "was interrupted",
    Result.CUT_BACK: "failed",
}


def headline(report: ReleaseReport) -> str:
    """How it ended, in one sentence without a full stop."""
    run, version, before = report.run, report.run.tag, report.run.replaced_tag
    if not run.of_release:
        return f"{run.kind.capitalize()} {_ENDED[run.result]}"
    if run.result in (Result.DONE, Result.FAILING):
        return _released(run, version)
    if run.error == _UNCERTAIN:
        return f"The release of {version} failed, and the server needs a look"
    if run.result is Result.CUT_BACK:
        serves = f"; {before} serves again" if before else ""
        return f"{version} failed after its cut-over{serves}"
    what = "rollback to" if run.kind is Kind.ROLLBACK else "release of"
    return f"The {what} {version} {_ENDED[run.result]}"


def _released(run: Entry, version: str) -> str:
    back = run.kind is Kind.ROLLBACK
    settings = "with changed settings" if run.settings else ""
    done = f"{version} is back" if back else " ".join(filter(None, [version, "is live", settings]))
    return f"{done}, and users fare worse on it" if run.worse else done


def change(report: ReleaseReport) -> str:
    """From what to what, such as `1.0.0 (set1) → 1.0.1 (set2)`; empty for what is no release."""
    run, before = report.run, report.run.replaced_tag
    if not (run.of_release and run.set):
        return run.tag  # where it was to go was not decided yet
    was = f"{before} ({SetName(run.set).other})" if before else "nothing"
    return f"{was} → {report.run.tag} ({run.set})"


def when(run: Entry) -> str:
    """When it began, with the zone."""
    return f"{times.moment(run.started)} ({times.zone(run.started)})"


def verdict(report: ReleaseReport) -> str:
    """What users got while it ran, in sentences."""
    if (found := report.evidence) is None:
        return "What users got meanwhile was not recorded."
    if found.missing and not found.served:
        return f"What users got meanwhile is not known: {found.missing}."
    if not (found.served or found.failed):
        return "No request came meanwhile, so nothing but its health checks speaks for it."
    partly = f" This is not all: {found.missing}." if found.missing else ""
    return f"{_fared(report, found)}{partly}"


def _fared(report: ReleaseReport, found: Evidence) -> str:
    run = report.run
    if run.result is Result.FAILING or found.verdict in (Verdict.WORSE, Verdict.FAILS):
        return f"Users {'fare' if run.served else 'fared'} worse on it: {_compared(report, found)}."
    if found.failed:
        outage = f"{times.span(found.outage_seconds)} at most without a good answer"
        end = f"; {outage}." if found.outage_seconds else "."
        return f"{found.failed:,} of {count(found.served + found.failed, 'request')} failed{end}"
    if run.served and found.verdict is Verdict.TOO_FEW:
        few = count(found.new.requests, "request")
        return f"No request failed, but with {few} to {report.run.tag} that says little."
    return f"Users noticed nothing: {count(found.served, 'request')} served, none failed."


def _compared(report: ReleaseReport, found: Evidence) -> str:
    run = report.run
    was = f"; before it, {_share(found.old)} to {run.replaced_tag}" if run.replaced else ""
    return f"{_share(found.new)} to {run.tag} failed{was}"


def _share(share: Share) -> str:
    if not share.requests:
        return "none"
    return f"{share.failed:,} of {count(share.requests, 'request')} ({share.rate:.1%})"


def latencies(found: Evidence) -> list[tuple[str, Latency]]:
    """How long requests took, part by part, where there were any."""
    parts = {"before": found.before, "meanwhile": found.during, "after": found.after}
    return [(name, latency) for name, latency in parts.items() if latency]


def milliseconds(taken: float) -> str:
    """A time that a request took, such as `8 ms` or `1.2 s`; nginx counts whole milliseconds."""
    if taken < 1:
        return "<1 ms"
    return f"{taken:,.0f} ms" if taken < 1000 else f"{taken / 1000:,.1f} s"


def failed_step(report: ReleaseReport) -> str:
    """What the step is called that failed; empty where none did."""
    if not (wanted := report.run.failed_step):
        return ""
    titles = [step.title for step in report.steps if wanted in (step.id, step.title)]
    return (titles or [wanted])[-1]
