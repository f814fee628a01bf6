"""An image that this server's processor cannot run is named before it is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.docker import images
from fream_compose.errors import EngineError


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [
        ("x86_64", "amd64"),
        ("x86_64", "386"),
        ("aarch64", "arm64"),
        ("aarch64", "arm"),
        ("armv7l", "arm"),
        ("x86_64", ""),
        ("loongarch64", "loong64"),
    ],
)
def test_what_the_machine_runs_is_let_pass(
    monkeypatch: pytest.MonkeyPatch, machine: str, architecture: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)

    images.reject_foreign("shop:1", architecture)


@pytest.mark.parametrize(
    ("machine", "architecture"), [("x86_64", "arm64"), ("aarch64", "amd64"), ("armv7l", "arm64")]
)
def test_another_kind_of_processor_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, architecture: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(images, "_EMULATORS", tmp_path)

    with pytest.raises(EngineError) as caught:
        images.reject_foreign("shop:1", architecture)

    assert caught.value.exit_code == 5
    assert f"The image is for {architecture}, this server is {machine}" in caught.value.why


def test_an_emulator_of_the_kernels_runs_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(images, "_EMULATORS", tmp_path)
    (tmp_path / "qemu-aarch64").touch()

    images.reject_foreign("shop:1", "arm64")


def test_services_that_did_not_start_are_told_by_the_image_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(images, "facts", lambda image: None if image == "db:2" else "is here")
    error = EngineError("db, web could not be started", "manifest for db:2 not found")
    known = images.Images.__new__(images.Images)

    assert known.refused(error, ["web:1"]) is None
    told = known.refused(error, ["web:1", "db:2"])
    assert told
    assert told.what == "db, web could not be started: Docker Hub has no such image"
