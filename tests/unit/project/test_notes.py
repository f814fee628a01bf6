"""The notes: whatever lies there, it is a note or it is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fream_compose.operations.snapshot import take_snapshot
from fream_compose.project.notes import Notes, RunningHook, Warm
from fream_compose.project.progress import Progress
from fream_compose.release import SetName
from tests.fakes import Stage

WARM = {"set": "set1", "version": "1.0.0", "until": "2999-01-01T00:00:00+00:00"}
HELD = {
    "switch": "id",
    "version": "1.0.0",
    "set": "set1",
    "since": "2026-01-01T00:00:00+00:00",
    "run": "abc",
}
NAMES = ("warm", "held", "verdict", "hook", "run", "run.before")
ODD: list[dict[str, Any]] = [
    {"until": 5, "since": 5, "exit_code": []},
    {"until": "soon", "since": "soon", "mark": None},
    {"until": "2026-01-01T00:00:00", "since": "2026-01-01T00:00:00"},
    {"until": "9999-12-31T23:59:59-12:00", "since": "0001-01-01T00:00:00+14:00"},
    {"set": "set3"},
    {"set": []},
    {"set": {"a": 1}},
    {"version": 1.5},
    {"version": None, "switch": {}},
]
GARBAGE = [
    b"",
    b"\xff\xfe\x00",
    b"null",
    b"5",
    b"[1, 2]",
    b"[" * 100_000,
    b'{"until": ',
    b'{"switch": "\\ud800", "verdict": "promote"}',
    *(json.dumps({**WARM, **HELD, "mark": "m", "exit_code": "0", **odd}).encode() for odd in ODD),
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_what_cannot_be_read_is_no_note(tmp_path: Path, garbage: bytes) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.json").write_bytes(garbage)
    notes = Notes(tmp_path)

    assert notes.warm() is None
    assert notes.held() is None
    assert notes.verdict("id") == ""
    assert notes.hook() is None
    assert notes.progress() is None


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_release_is_made_whatever_the_notes_hold(live: Stage, garbage: bytes) -> None:
    for name in NAMES:
        (live.settings.state_directory / f"{name}.json").write_bytes(garbage)

    take_snapshot(live.project, live.proxy)
    live.switch("1.0.1")

    assert live.serves() == "1.0.1"


def test_notes_are_read_back(tmp_path: Path) -> None:
    notes, warm = Notes(tmp_path), Warm(SetName.SET1, "1.0.0", WARM["until"])
    notes.keep_warm(warm)
    notes.run_hook(RunningHook("mark", "host", SetName.SET2, "12", "boot 3"))
    run = notes.begin("fream switch").run
    notes.hold("id", "1.0.0", SetName.SET2)

    assert notes.warm() == warm
    assert warm.valid(datetime.now(UTC))
    assert notes.hook() == RunningHook("mark", "host", SetName.SET2, "12", "boot 3")
    assert (held := notes.held())
    assert (held.run, held.set) == (run, SetName.SET2)
    notes.cool()
    notes.forget_hook()
    notes.release()
    assert (notes.warm(), notes.hook(), notes.held()) == (None, None, None)


def test_how_a_run_ended_can_be_asked_when_the_next_one_has_begun(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    first = notes.begin("fream switch")
    notes.follow(Progress(first.run, first.command, exit_code=6, told="caf\udce9"))
    second = notes.begin("fream recover")

    assert notes.progress() == second
    assert notes.progress(first.run) == Progress(first.run, "fream switch", "", 6, "caf?")
    assert notes.progress("another") is None


def test_a_step_that_cannot_be_noted_stops_nobody(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "gone")

    notes.follow(notes.begin("fream switch"))

    assert notes.progress() is None


@pytest.mark.parametrize("limit", ["inf", "nan", "-1", "1e300", "soon"])
def test_a_step_whose_limit_is_none_is_not_believed(tmp_path: Path, limit: str) -> None:
    notes = Notes(tmp_path)
    notes.follow(notes.begin("fream switch"))
    path = tmp_path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"limit": limit}))

    assert notes.progress() is None
