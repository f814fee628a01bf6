"""What of a project's containers no request tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fream_compose.docker.facts import Condition
from fream_compose.operations.workers import Ailing, finishing_of, set_named_by, workers_of
from fream_compose.project.finishing import Finishing
from fream_compose.release import LiveRelease, SetName, Version
from tests.fakes import Stage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = LiveRelease(SetName.SET1, Version("1.0"), "a")
APP = Condition("running", id="a", service="set1", started="2026-01-01T00:00:00Z")
TOLD = Finishing("w", "set2-worker", SetName.SET2, "2026-01-01T00:15:00+00:00", "s1")


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("set1-worker", SetName.SET1),
        ("worker_set2", SetName.SET2),
        ("set2.beat", SetName.SET2),
        ("worker1", None),
        ("reset1-worker", None),
        ("mailer", None),
    ],
)
def test_only_the_name_of_a_set_tells_whose_an_orphan_is(
    service: str, name: SetName | None
) -> None:
    assert set_named_by(service) == name


def test_what_was_started_again_does_not_finish() -> None:
    worker = replace(APP, id="w", service="set2-worker", started="s1")

    assert finishing_of([TOLD], [APP, worker]) == (TOLD,)
    assert finishing_of([TOLD], [APP, replace(worker, started="s2")]) == ()
    assert finishing_of([TOLD], [APP]) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"health": "starting"}, ()),
        ({"health": "unhealthy"}, ("set1 does not pass its health check",)),
        ({"state": "restarting", "exit_code": 3}, ("set1 ended with exit code 3",)),
        ({"state": "paused"}, ("set1 is paused",)),
        (
            {"restarts": 2, "exit_code": 3},
            ("set1 ended with exit code 3, 2 times, and Docker started it again",),
        ),
        ({"restarts": 2, "started": "2025-12-31T23:58:00Z"}, ()),
        ({"state": "exited", "lasting": False}, ()),
    ],
)
def test_what_ails_a_container_of_the_live_set_is_told(
    stage: Stage, change: dict[str, object], told: tuple[str, ...]
) -> None:
    seen = replace(APP, **change)  # type: ignore[arg-type]

    found = workers_of(stage.settings, LIVE, [seen], (), NOW + timedelta(seconds=30), ())

    assert tuple(one.what for one in found.ailing) == told
    assert all(one.fix == "fream logs set1" for one in found.ailing)


def test_what_the_live_release_had_and_has_no_more_is_told(stage: Stage) -> None:
    released = ("set1", "set1-mailer")

    found = workers_of(stage.settings, LIVE, [APP], (), NOW, released)

    assert found.ailing == (Ailing("set1-mailer has no container", "fream up"),)
    assert found.missing == ()


def test_the_end_of_its_time_is_told() -> None:
    assert str(TOLD).startswith("set2-worker finishes its work, until ")
    assert not TOLD.over(NOW)
    assert TOLD.over(NOW + timedelta(minutes=16))
