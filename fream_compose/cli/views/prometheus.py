"""The status for Prometheus: its text format 0.0.4, for node exporter's textfile collector."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from fream_compose.operations.overall import Level, Overall
from fream_compose.operations.status import Status
from fream_compose.project.entry import Entry, Result

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True)
class Sample:
    """A value of a metric, by the labels that tell it from the others."""

    value: float
    labels: dict[str, str] = field(default_factory=dict)


def metrics(found: Status, last: Entry | None) -> str:
    """Everything that is measured, as a file of metrics. last: the last release that ended."""
    families = _metrics(found, last)
    return "".join(_family(*each, project=found.project) for each in families)


_Family = tuple[str, str, list[Sample]]


def _of(verdict: Overall) -> Iterator[_Family]:
    up = [Sample(verdict.level is not Level.DOWN)]
    levels = [Sample(verdict.level is each, {"level": each}) for each in Level]
    yield "fream_up", "Whether users are served.", up
    yield "fream_status", "The verdict of fream status: 1 for the level that holds.", levels


def _metrics(found: Status, last: Entry | None) -> Iterator[_Family]:
    yield from _of(found.verdict)
    closed = [Sample(found.maintenance is not None)]
    yield "fream_maintenance", "Whether the app is closed on purpose.", closed
    if live := found.live:
        what = {"set": live.set, "version": live.version, "digest": live.digest}
        yield "fream_live_info", "The release that is live.", [Sample(1, what)]
        healthy = [Sample(live.healthy)]
        yield "fream_live_healthy", "Whether the live release passes its health check.", healthy
        if live.since:
            since = [Sample(_seconds(live.since))]
            yield "fream_release_timestamp_seconds", "When it became live.", since
    if last:
        ends = [each for each in Result if each is not Result.RUNNING]
        results = [Sample(last.result is each, {"result": each}) for each in ends]
        yield "fream_last_release_result", "How the last release ended: 1 for its result.", results
        began = [Sample(_seconds(last.started))]
        yield "fream_last_release_timestamp_seconds", "When the last release began.", began
        took = [Sample(last.seconds)]
        yield "fream_last_release_duration_seconds", "How long the last release took.", took
    hosts = [Sample(_seconds(c.until), {"host": c.host}) for c in found.certificates if c.until]
    if hosts:
        yield "fream_certificate_expiry_timestamp_seconds", "When it expires.", hosts
    drift = [Sample(len(found.drift))]
    yield "fream_drift", "How many settings do not hold yet.", drift
    yield "fream_notices", "How many things are out of order.", [Sample(len(found.notices))]
    yield "fream_run_active", "Whether a run is at work.", [Sample(found.at_work)]
    if (run := found.run) and run.since:
        began = [Sample(_seconds(run.since))]
        yield "fream_run_start_timestamp_seconds", "When the run at work began.", began


def _family(name: str, about: str, samples: list[Sample], project: str) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    for sample in samples:
        named = {"project": project, **sample.labels}
        told = ",".join(f'{key}="{text.translate(_ESCAPED)}"' for key, text in named.items())
        lines.append(f"{name}{{{told}}} {float(sample.value)!r}")
    return "\n".join([*lines, ""])


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
