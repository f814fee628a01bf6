"""The log of releases: whole lines, whatever happened to it."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fream_compose.cli.views.history import table
from fream_compose.cli.views.history_entry import details
from fream_compose.errors import ConfigurationError
from fream_compose.operations.rollback import target
from fream_compose.project.entry import Entry, HookRun, Kind, Result
from fream_compose.project.history import History
from fream_compose.project.operator import who

ENTRY = Entry("id", "1.0", "set1", "", "2026-01-01T00:00:00+00:00", 2.5, Result.DONE, "me@here")


def test_what_was_added_is_read_back_in_order(tmp_path: Path) -> None:
    history = History(tmp_path / ".fream" / "history.jsonl")
    second = Entry(**{**ENTRY.__dict__, "id": "id2", "version": "1.1", "why": "한국어"})

    history.add(ENTRY)
    history.add(second)

    assert history.entries() == (ENTRY, second)


def test_a_history_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert History(tmp_path / "history.jsonl").entries() == ()


def test_lines_that_cannot_be_read_are_passed_over_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b'{"id": "torn\n[1]\n{"unknown": 1}\n\xff\n')

    History(path).add(ENTRY)

    assert History(path).entries() == (ENTRY,)
    assert '{"unknown": 1}' in path.read_text(errors="replace")


ODD: list[dict[str, Any]] = [
    {"version": ""},
    {"version": "a b"},
    {"version": 1},
    {"set": "set3"},
    {"started": "yesterday"},
    {"started": "2026-01-01T00:00:00"},
    {"started": "0001-01-01T00:00:00+14:00"},
    {"started": 5},
    {"kind": "odd"},
    {"hooks": [1]},
    {"warnings": {}},
    {"steps": {"a": "b"}},
    {"seconds": "soon"},
]


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[" * 100_000,
        b'{"id": "' + b"x" * 500_000,
        b"\xff\x00\xfe",
        *(json.dumps({**asdict(ENTRY), "id": "odd", **odd}).encode() for odd in ODD),
    ],
)
def test_a_line_of_anything_stops_nobody(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(line + b"\n")
    History(path).add(ENTRY)

    log = History(path).read()

    assert (log.entries, log.passed_over) == ((ENTRY,), 1)
    assert target(log.entries, None).version == "1.0"
    assert table(log.entries, datetime.now(UTC))


def test_a_line_of_an_older_fream_is_a_switch_without_warnings(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    old = {
        name: value
        for name, value in asdict(ENTRY).items()
        if name not in ("kind", "warnings", "hooks", "released", "note", "exit_code")
    }
    path.write_text(json.dumps(old) + "\n")

    (entry,) = History(path).entries()

    assert (entry.kind, entry.warnings, entry.hooks) == (Kind.SWITCH, (), ())


def test_what_hooks_printed_is_kept(tmp_path: Path) -> None:
    hook = HookRun("before_start", "./migrate", 1.5, "exit code 3", "no such table\n�")
    entry = replace(ENTRY, hooks=(hook,), warnings=("a hook failed",), kind=Kind.ROLLBACK)
    history = History(tmp_path / "history.jsonl")

    history.add(entry)

    assert history.entries() == (entry,)
    told = "\n".join(details(entry, datetime.now(UTC)))
    for word in ("rollback", "a hook failed", "exit code 3", "no such table"):
        assert word in told


def test_the_run_says_who_it_is() -> None:
    assert "@" in who()


def test_an_apps_own_words_never_tear_a_line(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    odd = Entry(**{**ENTRY.__dict__, "id": "odd", "why": "one\u2028two\x85three\nfour"})

    history.add(odd)
    history.add(ENTRY)

    assert history.entries() == (odd, ENTRY)


def test_an_entry_of_another_version_of_fream_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps({**asdict(ENTRY), "later": 1}) + "\n")

    assert History(path).entries() == (ENTRY,)


def test_a_history_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        History(tmp_path).read()


def test_the_run_names_its_ci_job_and_who_became_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILD_TAG", "jenkins-fream-7")
    monkeypatch.setenv("SUDO_USER", "hong")

    assert who().startswith("hong@")
    assert who().endswith(" (jenkins-fream-7)")


def test_an_entry_that_is_completed_takes_the_place_of_its_first_form(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    complete = Entry(**{**ENTRY.__dict__, "evidence": {"served": 3}})

    history.add(ENTRY)
    history.add(complete)

    assert history.entries() == (complete,)


def test_of_a_long_history_the_end_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    line = json.dumps(asdict(ENTRY))
    with path.open("w") as file:
        for number in range(50_000):
            file.write(line.replace(f'"id": "{ENTRY.id}"', f'"id": "n{number}"') + "\n")

    tracemalloc.start()
    try:
        log = History(path).read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert log.entries[-1].id == "n49999"
    assert len(log.entries) > 500
    assert log.passed_over == 0
    assert peak < 20_000_000


def test_a_history_that_grows_beyond_all_use_forgets_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"x" * 1000 + b"\n" + b"y" * 17_000_000 + b"\n")

    History(path).add(ENTRY)

    assert History(path).entries() == (ENTRY,)
    assert path.stat().st_size < 1_100_000


def test_what_became_of_a_release_takes_the_place_of_what_was_known_before(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    for result in (Result.RUNNING, Result.DONE):
        history.add(replace(ENTRY, result=result))
    history.add(replace(ENTRY, id="next"))

    assert [(e.id, e.result) for e in history.entries()] == [
        (ENTRY.id, "done"),
        ("next", ENTRY.result),
    ]


def test_a_history_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.touch(0o644)
    History(path).add(ENTRY)

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_torn_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps(asdict(ENTRY))[:50])
    History(path).add(ENTRY)

    assert History(path).entries() == (ENTRY,)


def test_an_entry_that_cannot_be_written_as_a_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.jsonl"
    History(path).add(ENTRY)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        History(path).add(replace(ENTRY, id="next"))

    assert path.read_bytes() == before


RUN = replace(ENTRY, id="down", version="", set="", kind=Kind.DOWN)


def test_runs_of_other_kinds_are_no_releases_and_stand_among_them(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    later = replace(ENTRY, id="later", started="2026-01-01T02:00:00+00:00")
    history.add(later)
    history.add(replace(RUN, started="2026-01-01T01:00:00+00:00"))
    history.add(ENTRY)

    assert [entry.id for entry in history.entries()] == ["later", "id"]
    assert [entry.id for entry in history.read().entries] == ["id", "down", "later"]


def test_no_number_of_other_runs_pushes_a_release_out(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.add(ENTRY)
    with (tmp_path / "runs.jsonl").open("w") as file:
        for number in range(5000):
            file.write(json.dumps(asdict(replace(RUN, id=f"n{number}"))) + "\n")

    assert history.entries() == (ENTRY,)
    assert ENTRY in history.read().entries


@pytest.mark.parametrize(
    ("result", "released", "listed"),
    [
        (Result.RUNNING, False, False),
        (Result.RUNNING, True, True),
        (Result.INTERRUPTED, False, True),
        (Result.INTERRUPTED, True, True),
        (Result.CUT_BACK, False, True),
    ],
)
def test_a_run_counts_as_a_release_once_it_serves_or_has_ended(
    tmp_path: Path, result: Result, released: bool, listed: bool
) -> None:
    history = History(tmp_path / "history.jsonl")
    entry = replace(ENTRY, result=result, released=released)
    history.add(entry)

    assert history.entries() == ((entry,) if listed else ())
    assert entry.served is released
    assert history.running() == (() if entry.ended else (entry,))


def test_a_release_that_ended_before_it_had_a_place_is_a_run_and_no_release(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.add(replace(ENTRY, version="", set="", result=Result.FAILED))

    assert history.entries() == ()
    assert len(history.read().entries) == 1


@pytest.mark.parametrize("seconds", [-1.0, 1e300, float("inf"), float("nan")])
def test_a_row_that_took_a_time_that_is_none_is_passed_over(tmp_path: Path, seconds: float) -> None:
    history = History(tmp_path / "history.jsonl")
    history.add(replace(ENTRY, seconds=seconds))
    history.add(replace(ENTRY, id=f"{ENTRY.id}2", steps={"Drain": seconds}))

    assert (history.read().entries, history.read().passed_over) == ((), 2)
