"""Docker's command line, for what a test builds, looks at and cleans up."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

COMMAND_SECONDS = 300


class CommandFailed(AssertionError):
    """A command that a test relies on ended with an error; the text holds its output."""


def docker(*arguments: str, stdin: str = "", folder: Path | None = None) -> str:
    """Run docker and return what it printed. Raises CommandFailed."""
    done = subprocess.run(
        ["docker", *arguments],
        input=stdin,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        command = " ".join(["docker", *arguments])
        raise CommandFailed(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def inspect(name: str) -> dict[str, Any]:
    """Everything Docker knows of a container or an image."""
    found: list[dict[str, Any]] = json.loads(docker("inspect", name))
    return found[0]


def logs(container: str) -> str:
    """What a container has printed on stdout."""
    return docker("logs", container)


def remove_project(name: str) -> None:
    """Remove every container, network, volume and mark of a Compose project."""
    mine = f"label=com.docker.compose.project={name}"
    _remove(["container", "rm", "--force", "--volumes"], docker("ps", "-aq", "--filter", mine))
    for kind in ("network", "volume"):
        _remove([kind, "rm"], docker(kind, "ls", "-q", "--filter", mine))
    _remove(["image", "rm"], "\n".join(marks(name)))


def marks(project: str) -> list[str]:
    """The local tags by which a project keeps images."""
    mine = f"reference=fream.invalid/kept:{project}.*"
    return docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", mine).split()


def remove_labelled(label: str) -> None:
    """Remove the containers and the images that carry a label."""
    mine = f"label={label}"
    _remove(["container", "rm", "--force", "--volumes"], docker("ps", "-aq", "--filter", mine))
    _remove(["image", "rm", "--force"], docker("image", "ls", "-q", "--filter", mine))


def _remove(command: list[str], ids: str) -> None:
    if ids:
        docker(*command, *sorted(set(ids.split())))
