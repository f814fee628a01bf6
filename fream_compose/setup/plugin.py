"""`docker fream`: a small script where Docker looks for its plugins."""

import json
import shlex
import sys
from pathlib import Path

from fream_compose import __version__
from fream_compose.errors import ConfigurationError, UsageError, reason
from fream_compose.project import durable

SYSTEM_FOLDER = Path("/usr/local/lib/docker/cli-plugins")
_MARK = "# Written by `fream plugin install`: lets Docker run fream as `docker fream`."
_METADATA = {
    "SchemaVersion": "0.1.0",
    "Vendor": "fream-compose",
    "Version": __version__,
    "ShortDescription": "Release new versions with Docker Compose without dropping a request",
}
# Docker passes its own words first: the plugin's name, or before it options of Docker's.
_SCRIPT = """#!/bin/sh
{mark}
if [ "$1" = docker-cli-plugin-metadata ]; then
    echo {metadata}
    exit
fi
if [ "$1" != fream ]; then
    echo "error: options before 'fream' are not passed on; use DOCKER_HOST or DOCKER_CONTEXT" >&2
    exit 2
fi
shift
exec {fream} "$@"
"""


def path(system: bool) -> Path:
    """Where the plugin belongs: for everybody on this server, or for this user."""
    return (SYSTEM_FOLDER if system else Path.home() / ".docker" / "cli-plugins") / "docker-fream"


def script() -> str:
    """The plugin: tells Docker what it is, and runs the fream that wrote it."""
    return _SCRIPT.format(
        mark=_MARK,
        metadata=shlex.quote(json.dumps(_METADATA)),
        fream=shlex.join(_this_fream()),
    )


def _this_fream() -> list[str]:
    command = Path(sys.executable).with_name("fream")
    # -P: a folder named fream_compose where somebody happens to stand is not ours.
    return [str(command)] if command.exists() else [sys.executable, "-P", "-m", "fream_compose"]


def install(target: Path) -> None:
    """Write the plugin. Raises UsageError for another's, ConfigurationError."""
    _reject_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        durable.write(target, script(), mode=0o755)
    except OSError as error:
        raise _refused(target, error) from error


def uninstall(target: Path) -> bool:
    """Remove the plugin; False when there was none. Raises UsageError for another's."""
    _reject_foreign(target)
    there = target.exists()
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(target, error) from error
    return there


def _reject_foreign(target: Path) -> None:
    if target.exists() and _MARK not in target.read_text(encoding="utf-8", errors="replace"):
        raise UsageError(
            f"{target} is not the plugin that fream writes", next_step=f"ls -l {target}"
        )


def _refused(target: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{target} cannot be changed",
        reason(error),
        next_step="Run it as root, or without --system",
    )
