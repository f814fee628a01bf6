"""An app that knows nothing of fream, in a project that `fream init` made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stories.docker import docker, remove_project
from tests.stories.project import SET_BY_PROJECT
from tests.stories.releases import Releases, machine_images


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run fream in a folder, as a new user types it."""
    return subprocess.run(
        [sys.executable, "-m", "fream_compose", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not SET_BY_PROJECT.match(name)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def fream(folder: Path, *arguments: str) -> str:
    """Run fream in a folder; it must succeed."""
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def push(releases: Releases, name: str, recipes: dict[str, str]) -> str:
    """Build and push the image of each version from its recipe; returns the image's name.

    Parts of a recipe that are the same for all are built once, and stay in Docker's cache.
    """
    image = f"{releases.registry}/{name}"
    for version, recipe in recipes.items():
        text = recipe.replace("{base}", machine_images()["BASE_IMAGE"])
        text += f"\nLABEL {releases.label}=1\n"
        tag = f"{image}:{version}"
        docker("build", "--quiet", "--network", "host", "--tag", tag, "-", stdin=text)
        docker("push", "--quiet", tag)
    return image


@contextmanager
def project(folder: Path, name: str, *options: str) -> Iterator[Path]:
    """A project as `fream init` makes it, of which nothing is left."""
    remove_project(name)
    nginx = f"NGINX_IMAGE={machine_images()['NGINX_IMAGE']}"
    try:
        fream(folder, "init", name, "--name", name, "--set", nginx, *options)
        yield folder / name
    finally:
        remove_project(name)
