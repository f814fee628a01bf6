"""An image's name, taken apart as Docker does it."""

from __future__ import annotations

import pytest

from fream_compose.image_reference import ImageReference
from tests.fakes.stage import DIGEST


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("", "nginx", "", "")),
        ("nginx:1.28", ("", "nginx", "1.28", "")),
        ("team/shop:1.0", ("", "team/shop", "1.0", "")),
        ("docker.io/library/nginx:1", ("", "nginx", "1", "")),
        ("index.docker.io/team/shop", ("", "team/shop", "", "")),
        ("library/nginx", ("", "nginx", "", "")),
        ("127.0.0.1:5000/fream", ("127.0.0.1:5000", "fream", "", "")),
        ("127.0.0.1:5000/fream:1.0", ("127.0.0.1:5000", "fream", "1.0", "")),
        ("localhost/fream:1", ("localhost", "fream", "1", "")),
        (f"r.example/a/b:1@{DIGEST}", ("r.example", "a/b", "1", DIGEST)),
        (f"r.example/a/b@{DIGEST}", ("r.example", "a/b", "", DIGEST)),
        ("r.example/library/b", ("r.example", "library/b", "", "")),
    ],
)
def test_a_name_is_taken_apart(text: str, parts: tuple[str, ...]) -> None:
    found = ImageReference.parse(text)

    assert (found.registry, found.repository, found.tag, found.digest) == parts


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/nginx", "nginx"),
        ("team/shop", "team/shop"),
        ("127.0.0.1:5000/fream", "127.0.0.1:5000/fream"),
    ],
)
def test_it_is_called_as_docker_prints_it(text: str, familiar: str) -> None:
    assert ImageReference.parse(text).familiar == familiar


def test_the_name_stays_as_it_was_written() -> None:
    assert ImageReference.parse("docker.io/library/nginx:1").name == "docker.io/library/nginx"
