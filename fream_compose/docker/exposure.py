"""Secrets that would be more of a container than a file in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fream_compose.docker.changes import exported
from fream_compose.docker.reads import UNREADABLE, compose, parsed, read
from fream_compose.errors import ConfigurationError


def reject_exposed(directory: Path, values: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a service that Compose makes otherwise with these values.

    A `docker compose up` by hand, which has them not, would make it anew without them.
    """
    without = _services(directory)
    with exported(values):
        found = _services(directory)
    if exposed := [name for name in sorted(found) if found[name] != without.get(name)]:
        raise ConfigurationError(
            f"What x-fream.secrets gives is a variable of {', '.join(exposed)}",
            "A hand-typed `docker compose up -d` does not know it: it would take down what runs",
            next_step="Set FREAM_DB_PASSWORD= in .env for an app that reads the file "
            "/run/secrets/mysql_password; what an app takes as a variable only stays in .env",
        )


def _services(directory: Path) -> dict[str, Any]:
    printed = read(compose("config", "--format", "json"), UNREADABLE, directory)
    return parsed(printed, UNREADABLE, lambda config: dict(config["services"]))
