"""The settings of the last run that changed something, for when the files cannot be read.

Of what Compose filled in only what a look and a maintenance need is kept: no hook and no
command, whose words may hold a password, and of no variable its value.
"""

import json
import stat
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from fream_compose import foreign
from fream_compose.errors import ConfigurationError
from fream_compose.project import durable
from fream_compose.project.durations import shown
from fream_compose.project.place import same_place
from fream_compose.project.settings import Settings
from fream_compose.project.sharing import mode_in, note_mode
from fream_compose.project.state import state_of
from fream_compose.project.x_fream import Hooks, Secrets
from fream_compose.secrecy import hidden

_NOTE = "settings.json"


def remember(settings: Settings) -> None:
    """Keep the settings of a project that was read; no run fails for it."""
    kept = {"hooks": Hooks(), "secrets": Secrets(), "required": {}}
    switch = settings.switch.model_copy(update=kept)
    fields = settings.model_copy(update={"switch": switch}).model_dump(by_alias=True)
    text, note = json.dumps(_plain(fields)), settings.state_directory / _NOTE
    with suppress(OSError, ValueError, ConfigurationError):
        # A secret may be in the words of a command, such as a health check's.
        is_private = hidden(text) != text
        mode = mode_in(note.parent, 0o600) if is_private else note_mode(note.parent)
        if not (note.exists() and note.read_text("utf-8") == text and _mode(note) == mode):
            note.unlink(missing_ok=True)  # one that is there would keep its mode
            durable.write(note, text, mode=mode)


def _mode(note: Path) -> int:
    return stat.S_IMODE(note.stat().st_mode)


def recall(compose_directory: Path) -> Settings | None:
    """What was kept; None where there is nothing, or it is another folder's or version's."""
    note = state_of(compose_directory).path / _NOTE
    try:
        found = foreign.of_json(note.read_bytes(), Settings.model_validate)
    except (OSError, ValueError):
        return None
    return found if same_place(found.compose_directory, compose_directory) else None


def _plain(value: Any) -> Any:
    """As it stands in JSON, and as the model reads it again."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | frozenset):
        plain = [_plain(inner) for inner in value]
        return sorted(plain) if isinstance(value, frozenset) else plain
    if isinstance(value, timedelta):
        return shown(value.total_seconds())
    return str(value) if isinstance(value, Path) else value
