"""Whether the containers of a set are still those that were checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose.docker.facts import Condition
from fream_compose.operations.members import changed, culprit, other_image, sick, unfit, unhealthy

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
        (
            (replace(APP, restarts=1, exit_code=137),),
            "was killed (exit code 137), and Docker started it again",
        ),
        ((replace(APP, state="exited", exit_code=137),), "was killed (exit code 137)"),
        ((replace(APP, state="exited", lasting=False),), "ended by itself (exit code 0)"),
        ((replace(APP, state="restarting"),), "ended by itself (exit code 0)"),
        ((replace(APP, state="paused"),), "is paused"),
        ((replace(APP, state="dead"),), "ended by itself (exit code 0)"),
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
    same_image, ids = replace(wrong, service="set2-worker"), {"set2": right.image}

    assert other_image("set2", "r/x", ids, (right, WORKER)) == ""
    assert "bbbb" in other_image("set2", "r/x", ids, (wrong,))
    assert "set2-worker" in other_image("set2", "r/x", ids, (right, same_image))


def test_the_app_must_run_the_release_whatever_its_image_is_called() -> None:
    fixed = replace(APP, reference="somewhere/else:1")

    assert "somewhere/else:1" in other_image("set2", "r/x", {"set2": "sha256:released"}, (fixed,))


def test_the_container_that_failed_is_named_for_its_log() -> None:
    app, worker = replace(APP, name="app"), replace(WORKER, name="worker")
    first = (app, worker)

    assert culprit(first, first) == ""
    assert culprit(first, (app, replace(worker, restarts=1))) == "worker"
    assert culprit(first, (replace(app, health="unhealthy"), worker)) == "app"
    assert culprit(first, (replace(app, health="unhealthy"), replace(worker, restarts=1))) == (
        "worker"
    )
    assert culprit(first, (app,)) == "", "what is gone has no log"


def test_one_that_has_just_started_may_still_be_on_its_way() -> None:
    assert sick((APP, replace(WORKER, health="starting"))) == ""
    assert "unhealthy" in sick((APP, replace(WORKER, health="unhealthy")))


def test_each_service_that_follows_the_version_must_run_its_own_image() -> None:
    ui = replace(WORKER, service="set2-ui", reference="r/ui:1", image="sha256:" + "c" * 64)
    ids = {"set2": APP.image, "set2-ui": ui.image}

    assert other_image("set2", "r/x", ids, (APP, WORKER, ui)) == ""
    assert other_image("set2", "r/x", ids, (APP, replace(ui, image="sha256:old"))) == (
        "set2-ui runs r/ui:1 (old)"
    )
