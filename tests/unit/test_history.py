"""The log of releases: whole lines, whatever happened to it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.history import Entry, History, HookRun, Kind, who
from fream_compose.history_view import details, table
from fream_compose.rollback import target

ENTRY = Entry("id", "1.0", "set1", "", "2026-01-01T00:00:00+00:00", 2.5, "done", "me@here")


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
        b'{"id": "' + b"x" * 5_000_000,
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
    assert str(target(log.entries, None)) == "1.0"
    assert table(log.entries)


def test_a_line_of_an_older_fream_is_a_switch_without_warnings(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    old = {
        name: value
        for name, value in asdict(ENTRY).items()
        if name not in ("kind", "warnings", "hooks")
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
    told = "\n".join(details(entry))
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
