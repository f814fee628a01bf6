"""What fream wrote into a project, and which version of it: a file that travels with them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fream_compose
from fream_compose import foreign
from fream_compose.errors import ConfigurationError, reason

MANIFEST = Path("compose", ".fream-files.json")
_ABOUT = "What fream wrote here, for `fream init --upgrade`; keep it with the other files."


@dataclass(frozen=True)
class Manifest:
    """What fream wrote.

    version: of fream. app: for which app, as plain values; empty for a copy of fream's own
    files. hashes: of each file's text, by its path in the project.
    """

    version: str
    app: Mapping[str, Any]
    hashes: Mapping[str, str]


def fingerprint(text: bytes) -> str:
    """What tells one text from another."""
    return hashlib.sha256(text).hexdigest()


def render(app: Mapping[str, Any], texts: Mapping[Path, str]) -> str:
    """The manifest of texts that this version of fream writes, as the text of its file."""
    hashes = {path.as_posix(): fingerprint(texts[path].encode()) for path in sorted(texts)}
    fields = {"about": _ABOUT, "version": fream_compose.__version__, "app": app, "files": hashes}
    return json.dumps(fields, indent=2) + "\n"


def read(root: Path) -> Manifest | None:
    """The manifest of a project; None where there is none. Raises ConfigurationError."""
    path = root / MANIFEST
    try:
        return foreign.of_json(path.read_bytes(), _manifest)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be read",
            reason(error),
            next_step=f"Get it back from version control, or remove it: rm {path}",
        ) from error


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    return Manifest(str(fields["version"]), dict(fields["app"]), dict(fields["files"]))


def is_source(root: Path) -> bool:
    """Whether this is fream's own source, whose files are what projects are made from."""
    return root.resolve() == Path(fream_compose.__file__).resolve().parents[1]
