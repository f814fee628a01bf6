"""What is on record of the live set: its profile in `.env`, and how it was found good."""

import json
from contextlib import suppress
from typing import Any

from fream_compose import foreign
from fream_compose.project.envfile import plain
from fream_compose.project.health_settings import Health
from fream_compose.project.notes import Checked
from fream_compose.project.release_services import APP
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName


def checked_now(settings: Settings, live: LiveRelease) -> Checked:
    """How a release was found good, for a note."""
    asked = json.dumps({name: health.how for name, health in settings.checks.items()})
    path, services = settings.switch.health.path, " ".join(settings.sets[live.set].members)
    return Checked(live.set, str(live.version), path, asked, services)


def checks_as(checked: Checked | None, settings: Settings) -> dict[str, Health]:
    """How a release's services are asked: as it was found good, where that is on record. Pure.

    Else as is set now. What counts as good is what is set now.
    """
    checks = settings.checks
    if not checked:
        return checks
    asked: dict[str, Any] = {APP: {**checks[APP].how, "path": checked.path}}
    with suppress(ValueError):  # an earlier fream noted the path alone
        asked |= foreign.of_json(checked.checks, dict)
    with suppress(ValueError):
        return {each: checks.get(each, Health()).asked_as(how) for each, how in asked.items()}
    return checks


def noted_services(settings: Settings, live: LiveRelease) -> dict[str, str]:
    """The services that a release was released with, as far as they are still in the files.

    All of them where that is not on record; an earlier fream noted none.
    """
    members = settings.sets[live.set].members
    checked = settings.state.notes.checked(live.set, str(live.version))
    noted = checked.services.split() if checked else members
    return {name: service for name, service in members.items() if name in noted}


def profiles(current: str, live: SetName | None) -> str:
    """COMPOSE_PROFILES with the live set in place of any other; the user's own stay."""
    names = [name.strip() for name in plain(current).split(",")]
    kept = [name for name in names if name and name not in set(SetName)]
    return ",".join([*(kept or ["infra"]), *([live] if live else [])])
