"""Whether the containers of a set are still those that were checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose.docker.facts import Condition
from fream_compose.operations.members import changed, other_image, unfit, unhealthy

APP = Condition("running", id="a", service="set2", started="1", image="sha256:new", reference="r/x")
WORKER = replace(APP, id="w", service="set2-worker", reference="other/worker:1")
JOB = replace(WORKER, id="j", service="set2-job", state="exited", lasting=False)


def test_a_set_that_is_as_it_was_is_fine() -> None:
    assert changed((APP, WORKER, JOB), (JOB, WORKER, APP)) == ""


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ((), "set2 is gone"),
        ((replace(APP, id="b"),), "set2 is gone"),
        ((replace(APP, started="2"),), "was started again"),
        ((replace(APP, restarts=1, exit_code=137),), "was restarted 1 times; exit code 137"),
        ((replace(APP, state="exited", exit_code=137),), "is exited; exit code 137"),
        ((replace(APP, state="exited", lasting=False),), "is exited"),
        ((replace(APP, state="restarting"),), "is restarting"),
        ((replace(APP, state="paused"),), "is paused"),
        ((replace(APP, state="dead"),), "is dead"),
    ],
)
def test_what_happened_to_a_container_is_named(now: tuple[Condition, ...], why: str) -> None:
    assert why in changed((APP,), now)


@pytest.mark.parametrize(
    ("job", "fine"),
    [
        (JOB, True),
        (replace(JOB, exit_code=1), False),
        (replace(JOB, lasting=True), False),
        (replace(JOB, restarts=3), False),
    ],
)
def test_only_a_job_that_ended_well_may_have_ended(job: Condition, fine: bool) -> None:
    assert (changed((JOB,), (job,)) == "") is fine


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ("", ""),
        ("healthy", ""),
        ("starting", "The health check of set2-worker says starting"),
        ("unhealthy", "The health check of set2-worker says unhealthy"),
    ],
)
def test_a_container_with_a_health_check_must_pass_it(health: str, told: str) -> None:
    assert unhealthy((APP, replace(WORKER, health=health))) == told


def test_a_crash_loop_beside_the_app_wears_a_warm_set() -> None:
    assert unfit((APP, WORKER)) == ""
    assert "set2-worker" in unfit((APP, replace(WORKER, restarts=4)))
    assert "set2-worker" in unfit((APP, replace(WORKER, health="unhealthy")))


def test_every_container_of_the_releases_image_must_run_it() -> None:
    right = replace(APP, reference="r/x:1@sha256:aa", image="sha256:" + "a" * 64)
    wrong = replace(right, image="sha256:" + "b" * 64)
    same_image = replace(wrong, service="set2-worker")

    assert other_image("set2", "r/x", right.image, (right, WORKER)) == ""
    assert "bbbb" in other_image("set2", "r/x", right.image, (wrong,))
    assert "set2-worker" in other_image("set2", "r/x", right.image, (right, same_image))


def test_the_app_must_run_the_release_whatever_its_image_is_called() -> None:
    fixed = replace(APP, reference="somewhere/else:1")

    assert "somewhere/else:1" in other_image("set2", "r/x", "sha256:released", (fixed,))
