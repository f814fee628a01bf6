"""What `.env` says is live, so that a plain `docker compose up -d` starts just that."""

from contextlib import suppress

from fream_compose.errors import ConfigurationError
from fream_compose.project.envfile import EnvFile, plain, version_variable
from fream_compose.project.notes import Checked
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName


def record(settings: Settings, live: LiveRelease | None) -> None:
    """Have `.env` name what is live, and note how it was found good. Raises ConfigurationError."""
    env = EnvFile(settings.env_path)
    name = live.set if live else None
    values = {"COMPOSE_PROFILES": profiles(env.get("COMPOSE_PROFILES"), name)}
    if live:
        values[version_variable(live.set)] = str(live.version)
    env.update(values)
    if live:
        path = settings.switch.health.path
        # Without the note no more is lost than a hint.
        with suppress(ConfigurationError):
            settings.state.notes.check(Checked(live.set, str(live.version), path))


def profiles(current: str, live: SetName | None) -> str:
    """COMPOSE_PROFILES with the live set in place of any other; the user's own stay."""
    names = [name.strip() for name in plain(current).split(",")]
    kept = [name for name in names if name and name not in set(SetName)]
    return ",".join([*(kept or ["infra"]), *([live] if live else [])])
