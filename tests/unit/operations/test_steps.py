"""The steps of a switch are written down once: what is shown and kept of each comes from there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fream_compose.cli.reports.jsonl import JsonlReport
from fream_compose.operations.plan import SwitchRequest, decide
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.operations.steps import planned
from fream_compose.operations.switch import Switch
from fream_compose.release import SetName, Version
from fream_compose.step_ids import StepId
from tests.fakes import Stage

REQUEST = SwitchRequest(Version.parse("1.0.1"))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Stage]:
    """A project in which 1.0.0 is live, and whose owner has commands of his own."""
    hook = [{"run": "true"}]
    stage = Stage(tmp_path, hooks={"before_start": hook, "after_cut_over": hook})
    stage.put(SetName.SET1, "1.0.0")
    yield stage
    stage.project.close()


def test_each_step_is_told_with_its_id_and_its_place(live: Stage) -> None:
    plan = decide(take_snapshot(live.project, live.proxy))
    steps = planned(plan, REQUEST, live.settings)
    told = io.StringIO()

    Switch(replace(live.context, report=JsonlReport(out=told))).run(REQUEST)

    events = [json.loads(line) for line in told.getvalue().splitlines()]
    started = [event for event in events if event["event"] == "started"]
    # Images are removed if there are any to remove.
    counted = [step for step in steps if step.id is not StepId.PRUNE]
    expected = [
        (step.title, step.id, number, len(counted)) for number, step in enumerate(counted, 1)
    ]
    assert [(e["title"], e["step"], e["number"], e["of"]) for e in started] == expected
    done = [event for event in events if event["event"] == "done"]
    assert [event["step"] for event in done] == [event["step"] for event in started]


def test_the_history_keeps_the_fixed_id_of_each_step(live: Stage) -> None:
    live.switch("1.0.1")

    entry = live.history.entries()[-1]
    assert list(entry.step_ids) == list(entry.steps)
    assert set(entry.step_ids.values()) <= set(StepId)
    assert entry.step_ids["Start set2"] == "start"


def test_what_is_no_step_of_the_plan_has_no_place() -> None:
    told = io.StringIO()

    with JsonlReport(out=told).step("Repair: nginx is not running", id=StepId.REPAIR):
        pass

    event = json.loads(told.getvalue().splitlines()[0])
    assert (event["event"], event["step"]) == ("started", "repair")
    assert (event["number"], event["of"]) == (None, None)
