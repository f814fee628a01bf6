"""fream as others install it: the wheel, by pipx and by uv, and the page that man shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.releases import ROOT

SECONDS = 300
PAGE = ROOT / "docs" / "fream.1"


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command,
        cwd=environment.get("HOME", ROOT),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    run(Path(sys.executable).with_name("hatchling"), "build", "-t", "wheel", "-d", folder)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with pipx and uv."""
    folder = tmp_path_factory.mktemp("tools")
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "--quiet", "pipx", "uv")
    return folder / "bin"


@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_the_wheel_is_installed_and_works(
    tool: str, wheel: Path, tools: Path, tmp_path: Path
) -> None:
    home = {
        "HOME": str(tmp_path),
        "PIPX_HOME": f"{tmp_path}/pipx",
        "PIPX_MAN_DIR": f"{tmp_path}/man",
    }
    home |= {"PIPX_BIN_DIR": f"{tmp_path}/bin", "UV_TOOL_BIN_DIR": f"{tmp_path}/bin"}
    home |= {"UV_TOOL_DIR": f"{tmp_path}/uv", "UV_PYTHON": sys.executable}
    if tool == "pipx":
        run(tools / "pipx", "install", "--python", sys.executable, wheel, **home)
        assert (tmp_path / "man" / "man1" / "fream.1").read_text("utf-8") == PAGE.read_text("utf-8")
    else:
        run(tools / "uv", "tool", "install", wheel, **home)
    fream = tmp_path / "bin" / "fream"

    assert run(fream, "--version", **home).startswith("fream ")
    run(
        fream, "init", "shop", "--image", "registry.example.com/shop", "--http-port", "8080", **home
    )
    assert (tmp_path / "shop" / "compose" / "compose.yaml").is_file()
    assert run(fream, "sw", _FREAM_COMPLETE="words", **home).startswith("switch")
    assert "_fream" in run(fream, "completion", "zsh", **home)
    found = fream.resolve().parents[1] / "share"
    assert (found / "man" / "man1" / "fream.1").read_text("utf-8") == PAGE.read_text("utf-8")
    assert (found / "bash-completion" / "completions" / "fream").is_file()


def test_nobody_who_formats_the_page_has_a_complaint() -> None:
    assert run("mandoc", "-T", "lint", PAGE) == ""
    assert run("groff", "-man", "-ww", "-z", PAGE) == ""
    shown = run("mandoc", "-T", "utf8", PAGE)
    assert "fream switch [OPTIONS] [VERSION]" in re.sub(".\b", "", shown)
