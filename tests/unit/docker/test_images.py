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
