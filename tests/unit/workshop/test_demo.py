"""The demo keeps its hands off a project whose release is not the demo's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHOP = "DEMO_VERSION=1.0.0"
FAKE_DOCKER = """#!/bin/sh
case "$*" in
"container ls"*service=set1*) cat "$WORLD/set1" 2>/dev/null; exit 0 ;;
"container ls"*) exit 0 ;;
"image inspect"*) [ -e "$WORLD/image" ] ;;
inspect*) cat "$WORLD/image" ;;
*) echo "docker $* is not expected" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A checkout with the demo's script, a bootstrap that only leaves a mark, and no engine."""
    shutil.copytree(ROOT / "script", tmp_path / "script")
    (tmp_path / "compose").mkdir()
    (tmp_path / "compose" / "compose.yaml").write_text("name: fream\n")
    (tmp_path / "bin").mkdir()
    for path, text in (
        ("script/bootstrap", "#!/bin/sh\ntouch $WORLD/began; exit 1\n"),
        ("bin/docker", FAKE_DOCKER),
    ):
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    return tmp_path


def demo(world: Path, env: str | None = None, *options: str) -> tuple[bool, str]:
    """Whether the demo began, and what it said."""
    if env is not None:
        (world / "compose" / ".env").write_text(env)
    done = subprocess.run(
        [world / "script" / "demo", *options],
        env={**os.environ, "WORLD": str(world), "PATH": f"{world}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return (world / "began").exists(), done.stderr


@pytest.mark.parametrize(
    "env",
    [
        None,
        "",
        "IMAGE_REGISTRY=127.0.0.1:5001\nIMAGE_NAME='fream' # the shop\n",
        "COMPOSE_PROFILES=infra,set1\nSET1_VERSION=1.0.1@sha256:ab\n",
        "COMPOSE_PROFILES=infra,set1\nSET1_VERSION=1.0.0\nSET2_VERSION=7.7.7\n",
        "COMPOSE_PROFILES=infra\nSET1_VERSION=2.0.0\n",
    ],
)
def test_it_begins_where_nothing_or_the_demo_is_live(world: Path, env: str | None) -> None:
    began, said = demo(world, env)

    assert began, said


@pytest.mark.parametrize(
    "env",
    [
        "IMAGE_REGISTRY=registry.example.com\n",
        "IMAGE_NAME=shop\n",
        'IMAGE_NAME="shop"\n',
        "export IMAGE_NAME=shop\n",
        "COMPOSE_PROFILES=infra,set1\nSET1_VERSION=2.3.4\n",
        "COMPOSE_PROFILES=set2,infra\nSET2_VERSION=1.0.10\n",
        "COMPOSE_PROFILES='infra,set2'\nSET2_VERSION='latest'\n",
    ],
)
def test_it_refuses_another_image_or_release(world: Path, env: str) -> None:
    began, said = demo(world, env)

    assert not began
    assert "is not the demo's" in said
    assert "COMPOSE_PROJECT_NAME" in said


@pytest.mark.parametrize(("variables", "begins"), [(SHOP, True), ("PATH=/bin", False), ("", False)])
def test_a_container_must_be_of_the_demos_image(world: Path, variables: str, begins: bool) -> None:
    (world / "set1").write_text("0123456789ab\n")
    (world / "image").write_text(f"{variables}\n")

    began, said = demo(world, "")

    assert began is begins, said


def test_a_release_of_the_same_name_that_is_not_the_demos_is_refused(world: Path) -> None:
    (world / "image").write_text("PATH=/bin\n")

    began, _ = demo(world, "COMPOSE_PROFILES=infra,set1\nSET1_VERSION=1.0.0\n")

    assert not began


@pytest.mark.parametrize(
    "env", [None, "TLS_HOSTS=shop.example.com\nACME_SERVER=https://pebble:14000/dir\n"]
)
def test_over_https_it_begins_where_there_is_none_or_its_own(world: Path, env: str | None) -> None:
    began, said = demo(world, env, "--https")

    assert began, said


@pytest.mark.parametrize(
    "env",
    [
        "TLS_HOSTS=shop.example.org\n",
        "TLS_HOSTS=shop.example.com\nACME_SERVER=https://ca.example.com/dir\n",
        "TLS_CERTIFICATE=shop.pem\n",
    ],
)
def test_over_https_it_refuses_a_project_with_hosts_of_its_own(world: Path, env: str) -> None:
    began, said = demo(world, env, "--https")
    without, _ = demo(world, env)

    assert not began
    assert "has HTTPS for" in said
    assert without


@pytest.mark.parametrize("options", [["--http"], ["--https", "now"]])
def test_an_option_that_it_does_not_know_is_refused(world: Path, options: list[str]) -> None:
    began, said = demo(world, None, *options)

    assert not began
    assert "takes --https or nothing" in said
