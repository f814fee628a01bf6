"""Images whose names follow a version, and what a release remembers of them."""

from __future__ import annotations

import pytest

from fream_compose.release import SetName, Version
from fream_compose.release_image import ReleaseImage, recorded

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("r:5000/shop:fream.set1.version", "r:5000/shop:1.0"),
        ("r:5000/shop:fream.set1.version-ui", "r:5000/shop:1.0-ui"),
        ("r:5000/shop:ui-fream.set1.version", "r:5000/shop:ui-1.0"),
    ],
)
def test_an_image_that_follows_the_version_is_named_by_it(image: str, reference: str) -> None:
    found = ReleaseImage.of(image, SetName.SET1)

    assert found
    assert found.reference("1.0") == reference
    assert found.version_in(reference) == "1.0"


def test_what_follows_the_other_set_or_nothing_does_not_follow_this_one() -> None:
    assert ReleaseImage.of("redis:7", SetName.SET1) is None
    assert ReleaseImage.of("r/shop:fream.set2.version", SetName.SET1) is None


def test_a_digest_goes_where_nothing_is_around_the_tag() -> None:
    version = Version("1.0", DIGEST)

    assert ReleaseImage("docker.io/library/shop:").pinned(version) == f"shop@{DIGEST}"
    assert ReleaseImage("shop:").pinned(Version("1.0")) == ""
    assert ReleaseImage("shop:", "-ui").pinned(version) == ""
    assert ReleaseImage("shop:ui-").pinned(version) == ""


@pytest.mark.parametrize(
    ("reference", "content"),
    [
        ("r:5000/team/shop:1.0", "app"),
        ("r:5000/team/shop-ui:1.0", "ui"),
        ("other.example/team/shop:1.0", "app"),
        ("other.example/elsewhere/shop-ui:1.0", "ui"),
        ("r:5000/team/shop:1.1", ""),
        ("r:5000/team/worker:1.0", ""),
    ],
)
def test_a_release_knows_its_images_wherever_they_are_looked_for(
    reference: str, content: str
) -> None:
    contents = {"r:5000/team/shop:1.0": "app", "r:5000/team/shop-ui:1.0": "ui"}

    assert recorded(reference, contents, alone=False) == content


def test_the_only_image_of_a_release_is_known_by_any_name() -> None:
    assert recorded("new/name:1.0", {"old/shop:1.0": "app"}, alone=True) == "app"
    assert recorded("shop-ui:1.0", {"old/shop:1.0": "app"}, alone=False) == ""
    assert recorded("new/name:1.1", {"old/shop:1.0": "app"}, alone=True) == ""


def test_of_two_images_that_may_be_meant_none_is() -> None:
    contents = {"one/shop:1.0": "a", "two/shop:1.0": "b"}

    assert recorded("three/shop:1.0", contents, alone=True) == ""
