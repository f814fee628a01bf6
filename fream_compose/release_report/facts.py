"""All that is known of a run that has ended; more than its row of the history can hold."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

from fream_compose import foreign
from fream_compose.nginx.evidence import Evidence
from fream_compose.nginx.series import Series
from fream_compose.project.entry import Entry
from fream_compose.release import SetName

SCHEMA = 1
_MOST = 1e12  # of whatever is drawn


@dataclass(frozen=True)
class StepTaken:
    """A step. began: in seconds from the begin of the run. failed: it ended with an error."""

    title: str
    id: str
    began: float
    seconds: float
    failed: bool = False


@dataclass(frozen=True)
class ReleaseReport:
    """A run, for whoever reads of it later.

    server: where it ran. log: the last lines of what failed, the oldest first. serving,
    next_step: what served after a failure, and what to type.
    """

    run: Entry
    project: str = ""
    server: str = ""
    steps: tuple[StepTaken, ...] = ()
    series: Series | None = None
    log: tuple[str, ...] = ()
    serving: str = ""
    next_step: str = ""

    def to_json(self) -> str:
        """As a JSON text."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, ensure_ascii=False)

    @property
    def evidence(self) -> Evidence | None:
        """What the log of nginx proves; None where nothing was recorded, or it says nothing."""
        with suppress(ValueError):
            if self.run.evidence:
                return foreign.made(Evidence, **self.run.evidence)
        return None

    def release_in(self, name: str) -> str:
        """What a set had while the run went on; empty where that is not known."""
        if name == self.run.set:
            return self.run.tag
        return self.run.replaced_tag if name in set(SetName) else ""


def from_history(entry: Entry) -> ReleaseReport:
    """What the history alone knows of a run."""
    begins = accumulate(entry.steps.values(), initial=0.0)
    steps = zip(entry.steps.items(), begins, strict=False)
    taken = (StepTaken(t, entry.step_ids.get(t, ""), began, s) for (t, s), began in steps)
    return ReleaseReport(entry, steps=tuple(taken))


def read_report(text: str, entry: Entry) -> ReleaseReport:
    """A report as it was kept, with what the history has by now.

    Where nothing was kept, or it cannot be read: what the history alone knows.
    """
    try:
        return replace(foreign.of_json(text, _report), run=entry)
    except ValueError:
        return from_history(entry)


def _report(found: Any) -> ReleaseReport:
    parts = {name: value for name, value in found.items() if name != "schema"}
    report = foreign.made(ReleaseReport, **parts)
    moments = [abs(moment) for step in report.steps for moment in (step.began, step.seconds)]
    if not _drawable(moments) or (report.series and not _coherent(report.series)):
        raise ValueError("no report that could be drawn")
    return report


def _coherent(series: Series) -> bool:
    """Whether time goes on, and there is a value for each part."""
    columns = [column for each in series.by_set.values() for column in vars(each).values()]
    return (
        len(series.edges) > 1
        and all(begin < end for begin, end in pairwise(series.edges))
        and all(len(column) == len(series.edges) - 1 for column in columns)
        and _drawable(map(abs, (*series.edges, series.cut_over or 0.0)))
        and all(map(_drawable, columns))
    )


def _drawable(values: Iterable[float | None]) -> bool:
    return all(value is None or 0 <= value < _MOST for value in values)
