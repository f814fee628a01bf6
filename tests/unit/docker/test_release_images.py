"""The images of a release of an API and a UI: each found on its own, here or in the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fream_compose.docker.project import Project, open_project, project_of
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.project.compose_config import parse
from fream_compose.release import SetName, Version
from tests.fakes.image_server import Server, digest
from tests.fakes.stage import compose_config
from tests.ports import free_port

APP, UI, OLD = "r:5000/shop", "r:5000/shop-ui", "old:5000/shop"
NAME = SetName.SET1


def config(folder: Path, **images: str) -> dict[str, Any]:
    """What Compose prints: set1's app and UI, with the mark in the place of the version."""
    made = compose_config(folder / "nginx", free_port())
    named = {"set1": f"{APP}:fream.set1.version", "set1-ui": f"{UI}:fream.set1.version", **images}
    for service, image in named.items():
        made["services"].setdefault(service, {"profiles": ["set1"]})["image"] = image
    return made


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Has version 1.0 of both in its registry."""
    found = Server(tmp_path)
    found.registry = {f"{APP}:1.0": 1, f"{UI}:1.0": 2}
    found.save()
    (tmp_path / ".env").write_text("SET1_VERSION=0.9\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return found


def opened(server: Server, **images: str) -> Project:
    return project_of(parse(config(server.folder, **images), server.folder))


def nothing() -> None:
    """A check that never objects."""


def fetch(server: Server, version: str = "1.0", **wish: Any) -> Any:
    server.save()
    return opened(server).images.fetch(NAME, Version.parse(version), nothing, **wish)


def test_each_image_has_its_own_digest(server: Server) -> None:
    found = fetch(server)

    assert found.version == Version("1.0", digest(1))
    assert found.contents == {f"{APP}:1.0": digest(1), f"{UI}:1.0": digest(2)}
    assert found.ids == {"set1": digest(1001), "set1-ui": digest(1002)}


def test_the_image_that_is_missing_is_named_with_its_service(server: Server) -> None:
    del server.registry[f"{UI}:1.0"]

    with pytest.raises(EngineError) as caught:
        fetch(server)

    assert caught.value.exit_code == 5
    assert caught.value.what == (
        f"{UI}:1.0, the image of set1-ui, could not be pulled: "
        f"{UI.partition('/')[0]} has no such image"
    )
    assert "does not have the tag 1.0 of " in caught.value.why


def test_an_image_of_nginx_that_is_missing_is_told_like_one_of_a_release(server: Server) -> None:
    server.save()

    with pytest.raises(EngineError) as caught:
        opened(server).images.nginx_version()

    image = opened(server).settings.nginx_image
    assert caught.value.what == f"{image} could not be pulled: Docker Hub has no such image"


def test_what_a_release_remembers_is_taken_from_here_under_the_names_of_now(
    server: Server,
) -> None:
    server.here = {
        f"{OLD}@{digest(7)}": 7,
        f"old:5000/shop-ui@{digest(8)}": 8,
        f"{APP}:1.0": 1,
    }
    server.registry = {}
    contents = {f"{OLD}:1.0": digest(7), "old:5000/shop-ui:1.0": digest(8)}

    found = fetch(server, f"1.0@{digest(7)}", contents=contents)

    assert found.ids == {"set1": digest(1007), "set1-ui": digest(1008)}
    assert server.names() == {f"{APP}:1.0": 7, f"{UI}:1.0": 8}
    assert server.calls("pull") == []


def test_what_is_not_here_any_more_is_asked_for_by_its_digest(server: Server) -> None:
    server.here = {f"{APP}@{digest(7)}": 7}
    server.registry = {f"{UI}:1.0": 2, f"{UI}:1.0@{digest(8)}": 8}
    contents = {f"{APP}:1.0": digest(7), f"{UI}:1.0": digest(8)}

    found = fetch(server, contents=contents)

    assert found.ids["set1-ui"] == digest(1008)
    assert server.names() == {f"{APP}:1.0": 7, f"{UI}:1.0": 8}
    assert len(server.calls("pull")) == 1


def test_an_image_that_came_with_a_later_release_is_none_of_an_earlier_ones(
    server: Server,
) -> None:
    server.here = {f"{APP}@{digest(7)}": 7}
    server.registry = {}

    found = fetch(server, f"1.0@{digest(7)}", contents={f"{APP}:1.0": digest(7)})

    assert found.lacking == {"set1-ui"}
    assert found.ids == {"set1": digest(1007)}
    assert f"{UI}:1.0" not in server.names()


def test_an_image_that_may_have_been_called_otherwise_is_asked_for(server: Server) -> None:
    server.here = {f"{APP}@{digest(7)}": 7}
    contents = {f"{APP}:1.0": digest(7), "r:5000/frontend:1.0": digest(8)}

    found = fetch(server, f"1.0@{digest(7)}", contents=contents)

    assert found.lacking == frozenset()
    assert found.ids["set1-ui"] == digest(1002)


def test_no_registry_is_asked_where_none_may_be(server: Server) -> None:
    with pytest.raises(EngineError, match="is not on this server"):
        fetch(server, registry=False)

    assert server.calls("pull") == []


def test_an_image_without_digest_is_remembered_by_its_id(server: Server) -> None:
    server.here = {f"{APP}:1.0": 1, f"{UI}:1.0": 2}

    found = fetch(server, registry=False)

    assert found.version == Version("1.0")
    assert found.contents == {f"{APP}:1.0": digest(1001), f"{UI}:1.0": digest(1002)}


def test_two_images_are_named_by_their_tag_and_one_by_its_digest(server: Server) -> None:
    server.here = {f"{APP}@{digest(1)}": 1}
    server.save()
    version = Version("1.0", digest(1))
    alone = opened(server, **{"set1-ui": "redis:7"}).images

    assert opened(server).images.named(NAME, version) == Version("1.0")
    assert alone.named(NAME, version) == version


def test_one_image_that_came_under_another_name_is_named_by_its_tag(server: Server) -> None:
    server.here = {f"{OLD}@{digest(1)}": 1}
    server.save()
    alone = opened(server, **{"set1-ui": "redis:7"}).images
    version = Version("1.0", digest(1))

    assert alone.fetch(NAME, version, nothing).ids == {"set1": digest(1001)}
    assert alone.named(NAME, version) == Version("1.0")
    assert server.names() == {f"{APP}:1.0": 1}
    assert alone.named(NAME, Version("1.0", digest(9))) == Version("1.0", digest(9))


def test_all_that_would_be_pulled_is_counted_and_what_is_missing_named(server: Server) -> None:
    images = opened(server).images

    assert images.bytes_to_pull(NAME, Version("1.0")) == 20
    del server.registry[f"{UI}:1.0"]
    server.save()
    with pytest.raises(EngineError, match="set1-ui, cannot be pulled"):
        images.bytes_to_pull(NAME, Version("1.0"))


# --- which images follow the version ---


def test_the_settings_say_who_follows_and_hold_what_env_says(server: Server) -> None:
    settings = opened(server, **{"set1-cache": "redis:7"}).settings

    assert settings.sets[NAME].references("1.0") == {"set1": f"{APP}:1.0", "set1-ui": f"{UI}:1.0"}
    assert settings.image == APP
    assert settings.services["set1-ui"].image == f"{UI}:0.9"
    assert settings.sets[NAME].repositories == {APP, UI}


def test_an_app_whose_image_is_fixed_follows_by_its_repository(server: Server) -> None:
    settings = opened(server, set1=f"{APP}:2.0").settings

    assert settings.sets[NAME].references("1.0")["set1"] == f"{APP}:1.0"


def test_the_mark_is_in_no_word_of_composes(server: Server) -> None:
    (server.folder / "docker").write_text(
        '#!/bin/sh\ncase "$*" in *version*) echo 2.40.3; exit;; esac\n'
        'echo "bad image: shop:$SET1_VERSION" >&2; exit 1\n'
    )

    with pytest.raises(ConfigurationError) as caught:
        open_project(server.folder)

    assert caught.value.why == "bad image: shop:0.9"


def test_a_setting_that_names_the_version_has_the_one_of_env(server: Server) -> None:
    made = config(server.folder)
    made["x-fream"] = {"health": {"path": "/fream.set1.version/fream.set2.version"}}

    settings = parse(made, server.folder)

    assert settings.switch.health.path == "/0.9/none"
