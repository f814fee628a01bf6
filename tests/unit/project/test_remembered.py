"""The settings of the last run: kept without what may be secret, for their own folder only."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from fream_compose.project.remembered import recall, remember
from fream_compose.project.settings import Settings
from fream_compose.project.x_fream import Hooks, Secrets
from tests.fakes import Stage

HOOKS = {"before_start": [{"run": ["notify", "--token", "hunter22"], "in": "host"}]}


def kept(stage: Stage) -> Path:
    stage.settings.state_directory.mkdir(exist_ok=True)
    remember(stage.settings)
    return stage.settings.state_directory / "settings.json"


def test_what_is_kept_is_read_as_it_was_but_for_commands(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        hooks=HOOKS,
        secrets={"run": ["sops", "--key", "hunter22"]},
        keep_warm="90m",
        guard={"time": "0", "on_errors": "report"},
        warm_up={"paths": ["/a"]},
    )
    note = kept(stage)

    found = recall(stage.settings.compose_directory)

    assert isinstance(found, Settings)
    switch = stage.settings.switch.model_copy(
        update={"hooks": Hooks(), "secrets": Secrets(), "required": {}}
    )
    assert found == stage.settings.model_copy(update={"switch": switch})
    assert "hunter22" not in note.read_text()
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    stage.project.close()


def test_a_copy_of_the_folder_remembers_nothing(stage: Stage, tmp_path: Path) -> None:
    kept(stage)
    copy = tmp_path / "copy"
    shutil.copytree(stage.settings.compose_directory, copy)

    assert recall(copy) is None
    assert recall(stage.settings.compose_directory)


def test_what_is_the_same_is_not_written_again(stage: Stage) -> None:
    note = kept(stage)
    before = note.stat().st_ino

    remember(stage.settings)

    assert note.stat().st_ino == before


def test_a_folder_that_cannot_be_written_stops_no_run(stage: Stage) -> None:
    remember(stage.settings)  # there is no .fream yet

    assert recall(stage.settings.compose_directory) is None
