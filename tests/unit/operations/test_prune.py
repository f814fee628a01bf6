"""Which images stay, and which go."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from fream_compose.docker.local_images import Image
from fream_compose.docker.project import Project, project_of
from fream_compose.errors import EngineError
from fream_compose.operations.prune import (
    Pruned,
    known_as,
    last_releases,
    prune,
    retain,
    superfluous,
)
from fream_compose.project.entry import Entry, Result
from fream_compose.release import SetName
from fream_compose.release_image import ReleaseImage
from tests.fakes import Stage
from tests.fakes.project import IMAGE_BYTES


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(tag: str, number: int, used: bool = False) -> Image:
    contents = frozenset({f"id-{number}", digest(number)})
    tags = (tag,) if tag else ()
    return Image(f"id-{number}", "r/app", tags, (digest(number),), contents, 100, used)


def local(*tags: str) -> Image:
    return Image(
        "id", "r/app", tags, (digest(0),) if tags[1:] else (), frozenset({"id"}), 100, False
    )


def known(*texts: str) -> frozenset[str]:
    return frozenset(texts)


def entry(version: str, result: Result = Result.DONE) -> Entry:
    return Entry("id", version, "set1", "", "2026-01-01T00:00:00+00:00", 1.0, result, "me@here")


A, B, C = (image(f"1.{number}", number) for number in range(3))
RELEASED = known(*(digest(number) for number in range(3)))


def test_what_is_not_needed_goes() -> None:
    assert superfluous([A, B, C], known(digest(2)), RELEASED) == (A, B)


def test_an_image_that_a_container_uses_stays() -> None:
    used = image("1.0", 0, used=True)

    assert superfluous([used, B], known(), RELEASED) == (B,)


def test_an_image_that_was_never_released_waits_for_its_release() -> None:
    new = image("2.0", 9)

    assert superfluous([new], known(), RELEASED) == ()
    assert superfluous([new], known(), None) == (new,)


def test_a_tag_that_moved_on_is_not_the_release_that_had_it() -> None:
    """The release is its content: what the tag names now was never released."""
    old, new = image("", 0), image("1.0", 9)

    assert superfluous([old, new], known(), RELEASED) == (old,)
    assert superfluous([old, new], known(digest(0)), None) == (new,)


def test_a_release_without_digest_is_known_by_its_tag() -> None:
    built = local("1.0")

    assert superfluous([built], known("r/app:1.0"), None) == ()
    assert superfluous([built], known(), known("r/app:1.0")) == (built,)


def test_an_image_goes_by_all_its_tags_or_else_by_digest() -> None:
    assert local("1.0", "stable").references == ("r/app:1.0", "r/app:stable")
    assert image("", 0).references == (f"r/app@{digest(0)}",)


def test_the_last_releases_are_those_that_went_well_each_counted_once() -> None:
    log = [entry("1.0"), entry("1.1"), entry("1.2", Result.FAILED), entry("1.0"), entry("1.0")]

    assert [release.version for release in last_releases(log, 1)] == ["1.0"]
    assert [release.version for release in last_releases(log, 5)] == ["1.0", "1.1"]


def test_a_history_with_nonsense_is_read_as_far_as_it_goes() -> None:
    log = [entry(""), entry("$(id)"), entry("1.0")]

    assert known_as(ReleaseImage("r/app:"), log) == {"r/app:1.0"}


@pytest.mark.parametrize(
    ("pruned", "told"),
    [
        (Pruned((), 1, 0), "Nothing to remove; 1 image kept"),
        (Pruned(("1.0",), 2, 3_000_000), "1 image removed, 3.0 MB freed, 2 kept"),
        (Pruned(("1.0", "1.1"), 2, None), "2 images removed, 2 kept"),
    ],
)
def test_what_was_done_is_told_in_a_line(pruned: Pruned, told: str) -> None:
    assert str(pruned) == told


def released(stage: Stage, *versions: str) -> None:
    for version in versions:
        stage.switch(version)
        stage.fresh()


def test_a_switch_removes_the_images_beyond_the_last_releases(stage: Stage) -> None:
    released(stage, "1.0.0", "1.0.1")
    stage.project.pulled["not-ours-yet"] = digest(9)

    retain_two = stage.settings.switch.model_copy(update={"retain": 2})
    stage.project.settings = stage.settings.model_copy(update={"switch": retain_two})
    released(stage, "1.0.2", "1.0.3")

    assert set(stage.project.pulled) == {"1.0.2", "1.0.3", "not-ours-yet"}
    assert stage.serves() == "1.0.3"


def test_by_default_five_releases_are_kept(stage: Stage) -> None:
    assert stage.settings.switch.retain == 5

    released(stage, "1.0.0", "1.0.1", "1.0.2", "1.0.3")

    assert len(stage.project.pulled) == 4


def test_the_live_and_the_previous_release_stay_even_when_one_is_to_be_kept(stage: Stage) -> None:
    released(stage, "1.0.0", "1.0.1", "1.0.2")

    pruned = prune(stage.context, keep=1)

    assert set(stage.project.pulled) == {"1.0.1", "1.0.2"}
    assert pruned == Pruned(("1.0.0",), 2, IMAGE_BYTES)


def test_a_release_that_failed_is_not_kept(live: Stage) -> None:
    version = "1.0.1"
    live.project.pulled[version] = live.project.registry[version]
    live.history.add(entry(f"{version}@{live.project.registry[version]}", Result.FAILED))

    assert retain(live.context).removed == (version,)


def test_without_a_history_nothing_goes_unless_it_is_said(stage: Stage) -> None:
    stage.project.pulled["0.9"] = digest(9)

    assert prune(stage.context, keep=5).removed == ()
    assert prune(stage.context, 5, unreleased=True).removed == ("0.9",)


def test_the_release_of_a_set_that_is_kept_running_stays(stage: Stage) -> None:
    released(stage, "1.0.0", "1.0.1", "1.0.2")
    stage.project.start_by_hand(SetName.SET2, "1.0.0")

    assert prune(stage.context, keep=1).removed == ()


@pytest.mark.parametrize("action", ["local_images", "remove_images"])
def test_images_that_cannot_be_removed_do_not_fail_a_switch(stage: Stage, action: str) -> None:
    stage.project.settings = stage.settings.model_copy(
        update={"switch": stage.settings.switch.model_copy(update={"retain": 1})}
    )
    released(stage, "1.0.0", "1.0.1")
    stage.project.fail(action, "conflict")

    stage.switch("1.0.2")

    assert stage.serves() == "1.0.2"
    assert any("images of past releases are still there" in w for w in stage.watcher.warnings)


@pytest.mark.parametrize(("after", "freed"), [(500, 400), (50, 0), (None, None)])
def test_what_others_write_meanwhile_is_not_told_as_freed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, after: int | None, freed: int | None
) -> None:
    released(stage, "1.0.0", "1.0.1", "1.0.2")
    told = iter([100, after])
    monkeypatch.setattr(stage.project, "free_bytes", lambda: next(told))

    assert prune(stage.context, keep=1).freed == freed


def test_a_prune_that_docker_refuses_is_an_error(stage: Stage) -> None:
    released(stage, "1.0.0", "1.0.1", "1.0.2")
    stage.project.fail("remove_images", "conflict")

    with pytest.raises(EngineError):
        prune(stage.context, keep=1)


def test_what_is_needed_is_marked_and_what_goes_no_more(stage: Stage) -> None:
    released(stage, "1.0.0", "1.0.1", "1.0.2")
    assert stage.project.kept == {"1.0.0", "1.0.1", "1.0.2"}

    prune(stage.context, keep=1)

    assert stage.project.kept == {"1.0.1", "1.0.2"}


def test_what_another_project_keeps_stays_and_this_one_lets_go_of_it(stage: Stage) -> None:
    released(stage, "1.0.0", "1.0.1", "1.0.2")
    stage.project.kept_by_others = {"1.0.0"}

    pruned = prune(stage.context, keep=1)

    assert pruned.removed == ()
    assert pruned.kept == 3
    assert set(stage.project.pulled) == {"1.0.0", "1.0.1", "1.0.2"}
    assert "1.0.0" not in stage.project.kept


@pytest.mark.parametrize("unreleased", [False, True])
def test_what_only_another_project_keeps_is_not_touched(stage: Stage, unreleased: bool) -> None:
    stage.project.pulled["0.9"] = digest(9)
    stage.project.kept_by_others = {"0.9"}
    for version in (f"0.9@{digest(9)}", "1.0"):
        stage.history.add(entry(version))
    stage.project.fail("remove_images", "nothing may be removed")

    assert prune(stage.context, 1, unreleased).removed == ()


# --- what Docker says of the images ---

NAME = "127.0.0.1:5000/fream"


def identity(number: int) -> str:
    return f"sha256:{number}{0:063}"


def mark(project: str, number: int) -> str:
    return f"fream.invalid/kept:{project}.{identity(number)[7:19]}"


def facts(tags: list[str], digests: list[str], number: int) -> dict[str, Any]:
    return {"Id": identity(number), "RepoTags": tags, "RepoDigests": digests, "Size": 100}


@pytest.fixture
def project(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose `docker` is a script: it tells of six images and two containers."""
    images = [
        facts([f"{NAME}:1.0", "other/app:1.0"], [f"{NAME}@{digest(10)}"], 0),
        facts([], [f"{NAME}@{digest(11)}"], 1),
        facts([f"{NAME}:1.2"], [f"{NAME}@{digest(12)}"], 2),
        facts([f"{NAME}:1.3", mark("shop", 3), mark("shop2", 3)], [], 3),
        facts([f"{NAME}:1.4", mark("shop", 4)], [], 4),
        facts([f"{NAME}:1.5", mark("shop-2", 5)], [], 5),
    ]
    (tmp_path / "images.json").write_text(json.dumps(images))
    containers = f"{NAME}:1.2@{digest(12)}\\n{identity(1)}\\nmysql:8.4\\n"
    script = f"""#!/bin/sh
case "$*" in
  "image ls"*) echo some; echo some;;
  "image inspect some") cat {tmp_path}/images.json;;
  "container ls"*) printf '{containers}';;
  *) echo "$@" >> {tmp_path}/asked;;
esac
"""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "docker").write_text(script)
    (tools / "docker").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tools}:/bin")
    return project_of(stage.settings)


def test_an_image_is_in_use_by_its_tag_its_digest_or_its_id(project: Project) -> None:
    used = [found.used for found in project.images.local_images([NAME])]

    assert used == [False, True, True, False, False, False]


def test_an_image_has_its_names_in_the_repository_of_the_project(project: Project) -> None:
    first, second, *_ = project.images.local_images([NAME])

    assert (first.tags, first.digests) == (("1.0",), (digest(10),))
    assert (second.tags, second.digests) == ((), (digest(11),))


def test_images_are_removed_by_name_and_never_by_force(project: Project, tmp_path: Path) -> None:
    project.images.remove_images(project.images.local_images([NAME])[:2])

    asked = (tmp_path / "asked").read_text()
    assert asked == f"image rm {NAME}:1.0 {NAME}@{digest(11)}\n"


def test_an_image_is_kept_by_the_projects_that_marked_it(project: Project) -> None:
    *_, three, four, five = project.images.local_images([NAME])

    assert (three.tags, three.kept, three.kept_by_others) == (("1.3",), True, True)
    assert (four.tags, four.kept, four.kept_by_others) == (("1.4",), True, False)
    assert (five.tags, five.kept, five.kept_by_others) == (("1.5",), False, True)


def test_with_an_image_goes_its_mark_and_without_it_where_another_keeps_it(
    project: Project, tmp_path: Path
) -> None:
    project.images.remove_images(project.images.local_images([NAME])[3:5])

    asked = (tmp_path / "asked").read_text()
    assert asked == f"image rm {mark('shop', 3)} {mark('shop', 4)} {NAME}:1.4\n"


def test_an_image_is_marked_by_its_content(project: Project, tmp_path: Path) -> None:
    project.images.keep_images(project.images.local_images([NAME])[:1])

    assert (tmp_path / "asked").read_text() == f"image tag {identity(0)} {mark('shop', 0)}\n"
