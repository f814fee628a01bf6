"""Who runs fream, and what they want known of it."""

import getpass
import os
import socket
from dataclasses import dataclass

from fream_compose.errors import UsageError
from fream_compose.secrecy import hidden
from fream_compose.text import clean

_CI_JOBS = ("BUILD_TAG", "GITHUB_RUN_ID", "CI_JOB_URL")  # Jenkins, GitHub, GitLab
_LONGEST = 200  # characters of a name or a note


@dataclass
class _Told:
    """What an option or the environment says of this run."""

    by: str = ""
    note: str = ""


_told = _Told()


def introduce(by: str | None = None, note: str | None = None) -> None:
    """Take down who runs this and why: as given, else as FREAM_BY and FREAM_NOTE say.

    None where nobody is asked. Raises UsageError for what is not one line of at most 200
    printable characters.
    """
    _told.by, _told.note = _said("--by", by, "FREAM_BY"), _said("--note", note, "FREAM_NOTE")


def who() -> str:
    """user@host of this run, and the CI job where its environment names one.

    Behind a name, where one was given: `anna (deploy@server)`.
    """
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    place = f"{user}@{server()}"
    job = next((os.environ[name] for name in _CI_JOBS if os.environ.get(name)), "")
    if _told.by:
        return hidden(f"{_told.by} ({', '.join(filter(None, (place, job)))})")
    return hidden(f"{place} ({job})" if job else place)


def note() -> str:
    """What whoever runs this wants known; empty where nothing was said."""
    return hidden(_told.note)


def _said(option: str, given: str | None, variable: str) -> str:
    if given is None:
        return ""
    return _valid(option, given) or _valid(variable, os.environ.get(variable, ""))


def _valid(source: str, text: str) -> str:
    text = text.strip()
    if clean(text) != text or "\n" in text or "\t" in text or len(text) > _LONGEST:
        raise UsageError(
            f"{source} is not valid",
            f"It is one line of at most {_LONGEST} printable characters",
        )
    return text


def server() -> str:
    """The name of this server."""
    return socket.gethostname()
