"""Renew what an earlier fream wrote into a project, and leave what its user changed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.project import lock, manifest
from fream_compose.project.state import state_of
from fream_compose.setup import project_files, unmarked
from fream_compose.setup.app import App

NEW = ".new"  # beside a file that was edited
# Folders in which every file is the user's as soon as it is there, or `fream reload` renews it.
_USERS = {"http.d", "routes", "site.d", "pages", "conf.d"}


class Outcome(StrEnum):
    """What becomes of a file."""

    CURRENT = "current"
    RENEWED = "renewed"
    ADDED = "added"
    KEPT = "kept"
    BESIDE = "beside"


@dataclass
class Upgrade:
    """What was done, with paths in the project.

    kept: edited or removed by the user, and nothing to merge. beside: edited by the user;
    the new text is in the file of this name with `.new`. backup: where the renewed files are
    as they were; None when there are none.
    """

    version: str
    files: dict[Path, Outcome] = field(default_factory=dict)
    backup: Path | None = None

    def of(self, outcome: Outcome) -> list[str]:
        """The files with this outcome."""
        return [str(path) for path, found in self.files.items() if found is outcome]


def upgrade(compose: Path, command: str) -> Upgrade:
    """Renew the files of the project with this folder of compose.yaml, alone in it.

    Changes nothing that runs. Raises UsageError for a folder that `fream init` does not
    write, LockedError, ConfigurationError.
    """
    root = _root(compose)
    with lock.hold(state_of(compose).path, command):
        before = manifest.read(root) or unmarked.manifest_of(root)
        texts = project_files.upgradable(_app(before), project_files.template())
        done = Upgrade(before.version, {p: _outcome(root, p, t, before) for p, t in texts.items()})
        _write(root, texts, done)
        project_files.put(root, {manifest.MANIFEST: manifest.render(before.app, texts)})
    return done


def _root(compose: Path) -> Path:
    root = compose.parent
    if manifest.is_source(root):
        raise UsageError(
            f"{root} is fream's own source, which projects are made from",
            "Its files are as new as this fream",
            next_step="Renew it as you got it, such as with git pull",
        )
    if compose.name != "compose" or not (root / "nginx").is_dir():
        raise UsageError(
            f"{compose} is not laid out as `fream init` does it",
            "It writes the folders compose and nginx, side by side",
            next_step="Set up the same app in an empty folder, and compare the files",
        )
    return root


def _app(found: manifest.Manifest) -> App | None:
    try:
        return App.read(found.app) if found.app else None
    except (ValueError, UsageError) as error:
        raise ConfigurationError(
            f"{manifest.MANIFEST} does not describe an app",
            repr(error),
            next_step=f"Remove {manifest.MANIFEST}: then the files themselves are looked at",
        ) from error


def _outcome(root: Path, path: Path, text: str, before: manifest.Manifest) -> Outcome:
    file = root / path
    mine = manifest.fingerprint(file.read_bytes()) if file.exists() else None
    users = not _USERS.isdisjoint(path.parts)
    written = before.hashes.get(path.as_posix())
    return outcome(mine, written, manifest.fingerprint(text.encode()), users)


def outcome(mine: str | None, written: str | None, new: str, users: bool) -> Outcome:
    """What becomes of a file, by the hashes of three texts.

    mine: what is there; None without a file. written: what fream wrote; None if nothing.
    new: what it would write today. users: whether the file is in a folder of the user's.
    """
    if mine == new:
        return Outcome.CURRENT
    if mine is None:
        # What fream wrote and is not there was removed on purpose.
        return Outcome.ADDED if written is None else Outcome.KEPT
    if users or new == written:
        return Outcome.KEPT
    return Outcome.RENEWED if mine == written else Outcome.BESIDE


def _write(root: Path, texts: dict[Path, str], done: Upgrade) -> None:
    """Write what is new; what is replaced is kept first."""
    if renewed := done.of(Outcome.RENEWED):
        name = f"before-upgrade-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        done.backup = state_of(root / "compose").path / name
        kept = {Path(path): (root / path).read_text("utf-8") for path in renewed}
        project_files.put(done.backup, kept, private=True)
    for path, outcome in done.files.items():
        if outcome in (Outcome.RENEWED, Outcome.ADDED):
            project_files.put(root, {path: texts[path]})
        elif outcome is Outcome.BESIDE:
            project_files.put(root, {path.with_name(path.name + NEW): texts[path]})
