"""A release that Compose finds by its tag alone, as it has several images: known by content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose.errors import EngineError, FreamError, GuardError, UncertainError
from fream_compose.operations.diagnosis import Fault, diagnose
from fream_compose.operations.prune import prune
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.operations.status import status
from fream_compose.project.entry import Kind
from fream_compose.release import SetName, Version
from fream_compose.release_image import ReleaseImage
from tests.fakes import Stage

IMAGE, UI = "127.0.0.1:5000/fream", "127.0.0.1:5000/fream-ui"


@pytest.fixture
def tagged(tmp_path: Path) -> Iterator[Stage]:
    """1.0.1 of an app and a UI is live, known to Compose by its tag."""
    stage = Stage(tmp_path, guard="1s")
    settings = stage.settings
    sets = {
        name: spec.model_copy(update={"images": {**spec.images, "ui": ReleaseImage(f"{UI}:")}})
        for name, spec in settings.sets.items()
    }
    stage.project.settings = settings.model_copy(update={"sets": sets})
    stage.switch("1.0.1")
    stage.fresh()
    yield stage
    stage.project.close()


def live(stage: Stage) -> Version:
    found = take_snapshot(stage.project, stage.proxy).live
    assert found
    return found.version


def faults(stage: Stage) -> tuple[Fault, ...]:
    return diagnose(take_snapshot(stage.project, stage.proxy))


def test_the_release_is_its_content_though_env_names_the_tag(tagged: Stage) -> None:
    assert live(tagged).digest == tagged.project.registry["1.0.1"]
    assert "SET1_VERSION=1.0.1\n" in tagged.env
    assert tagged.project.apps[SetName.SET1].version == "1.0.1"
    assert faults(tagged) == ()


def test_a_container_of_the_tag_with_other_content_is_another_version(tagged: Stage) -> None:
    tagged.project.pulled["1.0.1"] = "sha256:" + "f" * 64

    assert faults(tagged) == (Fault.LIVE_VERSION,)


def test_a_digest_that_env_should_not_have_is_taken_out(tagged: Stage) -> None:
    tagged.project.env.update({"SET1_VERSION": str(live(tagged))})

    assert faults(tagged) == (Fault.ENV_FILE,)
    Recovery(tagged.context).recover()

    assert "SET1_VERSION=1.0.1\n" in tagged.env


def test_a_tag_that_moved_here_is_told_and_put_right_by_a_recovery(tagged: Stage) -> None:
    tagged.project.moved = {f"{IMAGE}:1.0.1"}

    (notice,) = status(tagged.project, tagged.proxy).notices
    Recovery(tagged.context).recover()

    assert f"{IMAGE}:1.0.1: a tag names another image" in notice
    assert tagged.project.named_again == [f"{IMAGE}:1.0.1"]
    assert faults(tagged) == ()


def test_a_release_leaves_a_tag_that_moved_here_to_itself(tagged: Stage) -> None:
    tagged.project.moved = {f"{IMAGE}:1.0.1"}

    tagged.switch("1.0.2")

    assert tagged.project.named_again == []


def test_what_a_failed_pull_of_the_same_tag_moved_is_put_right(tagged: Stage) -> None:
    tagged.project.fail("fetch 1.0.1", "the second image is missing")

    with pytest.raises(EngineError):
        tagged.switch("1.0.1")

    assert tagged.project.named_again == [f"{IMAGE}:1.0.1"]
    assert tagged.serves() == "1.0.1"


def test_another_tag_moves_nothing_of_what_is_live(tagged: Stage) -> None:
    tagged.project.fail("fetch 1.0.2", "the second image is missing")

    with pytest.raises(EngineError):
        tagged.switch("1.0.2")

    assert tagged.project.named_again == []


def test_a_tag_that_cannot_be_put_right_is_an_uncertain_end(tagged: Stage) -> None:
    tagged.project.fail("fetch 1.0.1", "the second image is missing")
    tagged.project.fail("name", "the engine is gone")

    with pytest.raises(UncertainError) as caught:
        tagged.switch("1.0.1")

    assert caught.value.next_step == "fream recover"


def test_images_that_are_taken_as_they_are_here_are_the_users_to_name(tagged: Stage) -> None:
    missing = tagged.project.settings.switch.model_copy(update={"pull": "missing"})
    tagged.project.settings = tagged.project.settings.model_copy(update={"switch": missing})
    tagged.project.moved = {f"{IMAGE}:1.0.1"}

    assert faults(tagged) == ()


def test_the_way_back_of_a_guard_names_the_images_again(tagged: Stage) -> None:
    tagged.watcher.at["Drain"] = lambda: tagged.project.apps[SetName.SET2].end(137)

    with pytest.raises(GuardError):
        tagged.switch("1.0.1")

    assert set(tagged.project.named_again) == {f"{IMAGE}:1.0.1"}
    assert live(tagged).tag == "1.0.1"
    assert "COMPOSE_PROFILES=infra,set1" in tagged.env


def test_what_nginx_lost_is_found_by_the_tag_in_env(tagged: Stage) -> None:
    known = live(tagged)
    tagged.nginx.stop()
    tagged.include.unlink()
    tagged.project.apps.pop(SetName.SET1).end(137)

    found = take_snapshot(tagged.project, tagged.proxy).live

    assert found
    assert found.version == known


def test_a_release_remembers_its_images_and_is_started_anew_from_them(tagged: Stage) -> None:
    (entry,) = tagged.history.entries()
    digest = tagged.project.registry["1.0.1"]
    assert entry.images == {f"{IMAGE}:1.0.1": digest, f"{UI}:1.0.1": f"{digest}-ui"}
    tagged.project.apps.pop(SetName.SET1).end(137)
    tagged.project.fail("fetch 1.0.1", "its content is gone")

    with pytest.raises(FreamError, match=r"fetch 1\.0\.1"):
        Recovery(tagged.context).recover()

    tagged.fresh()
    Recovery(tagged.context).recover()
    assert tagged.serves() == "1.0.1"


@pytest.mark.parametrize(("kind", "settings"), [(Kind.SWITCH, True), (Kind.ROLLBACK, False)])
def test_the_same_images_once_more_are_a_release_of_settings(
    tagged: Stage, kind: Kind, settings: bool
) -> None:
    tagged.switch("1.0.1", kind=kind)

    assert [entry.settings for entry in tagged.history.entries()] == [False, settings]


def test_other_content_of_the_same_tag_is_no_release_of_settings(tagged: Stage) -> None:
    tagged.project.registry["1.0.1"] = "sha256:" + "e" * 64

    tagged.switch("1.0.1")

    assert [entry.settings for entry in tagged.history.entries()] == [False, False]


def test_what_env_names_by_its_tag_is_not_pruned(tagged: Stage) -> None:
    tagged.switch("1.0.2")
    tagged.fresh()
    tagged.history._path.unlink()

    pruned = prune(tagged.context, keep=1, unreleased=True)

    assert pruned.removed == ()
    assert set(tagged.project.pulled) == {"1.0.1", "1.0.2"}
