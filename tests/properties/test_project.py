"""The project's own files, which people edit, and which crashes tear."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.project import lock, manifest
from fream_compose.project.durations import (
    drain_duration,
    duration,
    duration_or_none,
    duration_or_zero,
    shown,
)
from fream_compose.project.entry import Entry, HookRun, Kind, Result
from fream_compose.project.envfile import EnvFile
from fream_compose.project.finishing import Finishing, FinishingNote
from fream_compose.project.history import History, find
from fream_compose.project.live_record import profiles
from fream_compose.project.notes import Checked, Notes, RunningHook, Warm
from fream_compose.release import SetName
from fream_compose.setup.app import App
from fream_compose.setup.upgrade import _app
from tests.properties.fixtures import in_zone
from tests.properties.parsers import Parser
from tests.properties.strategies import (
    ANY_TEXT,
    ODD,
    PLAIN,
    SWITCHES,
    VALUES,
    VERSIONS,
    ZONES,
    documents,
    lines,
    raw,
    texts,
)

ENV = Parser("`.env`", ("project/envfile.py", "project/live_record.py"))
HISTORY = Parser(
    "a line of the history",
    ("project/history.py", "project/entry.py"),
    "seconds that are no number made `--output json` no JSON",
)
NOTES = Parser(
    "the notes beside the lock", ("project/notes.py", "project/progress.py", "project/finishing.py")
)
HOLDER = Parser(
    "the note of who holds the lock",
    ("project/lock.py",),
    "a note that is nested too deep was an unexpected error",
)
MANIFEST = Parser(
    "the manifest of what fream wrote",
    ("project/manifest.py", "setup/upgrade.py"),
    "a manifest that is nested too deep, or with a port or a name that is none, was an unexpected "
    "error, or one of the command line",
)
DURATIONS = Parser(
    "a duration",
    ("project/durations.py",),
    "`0.0001ms` was taken for zero where zero is refused; `fream config` showed 1234567ms as "
    "1.23457e+06ms, which nothing reads",
)
SETS = st.sampled_from(SetName)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)).map(
    datetime.isoformat
)
ENV_LINES = texts(
    *(
        "A=1",
        "SET1_VERSION=none # mine",
        "export SET1_VERSION='1.0'\r",
        "# SET1_VERSION=0",
        " A = b",
    ),
    *("COMPOSE_PROFILES=infra, set1 # a, b", 'COMPOSE_PROFILES="jobs"', "SET1_VERSION_OLD=0"),
)
SECONDS = st.floats(0, 1e9)
HOOKS = st.builds(HookRun, PLAIN, PLAIN, SECONDS, PLAIN, PLAIN)
ENTRIES = st.builds(
    Entry,
    *(SWITCHES, VERSIONS, SETS.map(str), PLAIN, MOMENTS, SECONDS, st.sampled_from(Result), PLAIN),
    steps=st.dictionaries(PLAIN, SECONDS, max_size=2),
    why=PLAIN,
    evidence=st.dictionaries(PLAIN, st.none() | st.integers() | PLAIN, max_size=2),
    kind=st.sampled_from(Kind),
    warnings=st.lists(PLAIN, max_size=2).map(tuple),
    hooks=st.lists(HOOKS, max_size=2).map(tuple),
)
ENTRY = Entry("id", "1.0", "set1", "", "2026-01-01T00:00:00+00:00", 2.5, Result.DONE, "me@here")
LINE: Any = asdict(replace(ENTRY, hooks=(HookRun("before_start", "1", 1.0, "done", ""),)))


@ENV.holds
@given(before=raw(ENV_LINES), version=VERSIONS, live=SETS)
def test_freams_variables_are_set_and_no_other_line_changes(
    folder: Path, before: bytes, version: str, live: SetName
) -> None:
    env = EnvFile(folder / ".env")
    env.path.write_bytes(before)
    old = before.removesuffix(b"\n").split(b"\n") if before else []
    wanted = {
        "SET1_VERSION": version,
        "COMPOSE_PROFILES": profiles(env.get("COMPOSE_PROFILES"), live),
    }

    env.update(wanted)

    new = env.path.read_bytes().removesuffix(b"\n").split(b"\n")
    assert len(old) <= len(new) <= len(old) + 2
    changed = [line for line, then in zip(old, new, strict=False) if line != then]
    assert all(b"SET1_VERSION" in line or b"COMPOSE_PROFILES" in line for line in changed)
    assert env.get("SET1_VERSION") == version
    assert [name for name in SetName if name in env.get("COMPOSE_PROFILES").split(",")] == [live]
    assert wanted.keys() <= env.names()


@ENV.holds
@given(before=raw(ENV_LINES), name=st.sampled_from(["A", "B"]))
def test_any_file_has_names_and_values(folder: Path, before: bytes, name: str) -> None:
    env = EnvFile(folder / ".env")
    env.path.write_bytes(before)

    assert all(each.isidentifier() and each.isascii() for each in env.names())
    assert "\n" not in env.get(name)
    assert name in env.names() or env.get(name) == ""


@HISTORY.holds
@given(entries=st.lists(ENTRIES, min_size=1, max_size=3, unique_by=lambda entry: entry.id))
def test_what_was_added_is_read_back(folder: Path, entries: list[Entry]) -> None:
    for name in ("history.jsonl", "runs.jsonl"):
        (folder / name).unlink(missing_ok=True)
    history = History(folder / "history.jsonl")
    for entry in entries:
        history.add(entry)

    found = history.read().entries
    assert sorted(found, key=lambda entry: entry.id) == sorted(entries, key=lambda entry: entry.id)


@HISTORY.holds
@given(before=raw(st.lists(documents(LINE), max_size=3).map("\n".join)), zone=ZONES)
@example((json.dumps(LINE).replace("2.5", "NaN")).encode(), "UTC")
def test_a_line_that_cannot_be_read_is_passed_over(folder: Path, before: bytes, zone: str) -> None:
    (folder / "runs.jsonl").unlink(missing_ok=True)
    (folder / "history.jsonl").write_bytes(before)
    history = History(folder / "history.jsonl")
    history.add(replace(ENTRY, id="the last one"))

    with in_zone(zone):
        log = history.read()
        assert "the last one" in {entry.id for entry in log.entries}
        assert len(log.entries) + log.passed_over <= before.count(b"\n") + 2
        for entry in log.entries:
            assert datetime.fromisoformat(entry.started).astimezone()
            numbers = [
                entry.seconds,
                *entry.steps.values(),
                *(hook.seconds for hook in entry.hooks),
            ]
            assert all(map(isfinite, numbers))


@HISTORY.holds
@given(entries=st.lists(ENTRIES, max_size=3).map(tuple), wanted=SWITCHES | ODD)
def test_an_id_finds_one_entry_or_none(entries: tuple[Entry, ...], wanted: str) -> None:
    try:
        assert find(entries, wanted).id.find(wanted) >= 0
    except UsageError:
        return


NOTE: dict[str, Any] = {"switch": "a", "version": "1.0", "set": "set1", "path": "/", "run": "1"}
NOTE |= {"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-01T00:00:00+00:00", "pid": "1"}
NOTE |= {"mark": "m", "where": "host", "born": "1", "command": "switch", "step": "", "told": ""}
NOTE |= {"exit_code": "0", "containers": "a b", "verdict": "promote"}
FILES = ("warm", "held", "verdict", "checked", "adopted", "hook", "run", "run.before")


@NOTES.holds
@given(note=raw(documents(NOTE)), zone=ZONES)
def test_a_note_that_cannot_be_read_is_no_note(folder: Path, note: bytes, zone: str) -> None:
    for name in FILES:
        (folder / f"{name}.json").write_bytes(note)
    (folder / "finishing.json").write_bytes(b"[%b]" % note)
    notes = Notes(folder)

    with in_zone(zone):
        for one in FinishingNote(folder).all():
            assert one.over(datetime.now(UTC)) in (True, False)
            assert f"{one}".encode()
        if warm := notes.warm():
            assert warm.valid(datetime.now(UTC)) in (True, False)
            assert warm.set in SetName
        told: list[object] = [
            notes.held(),
            notes.checked(SetName.SET1, "1.0.0"),
            notes.hook(),
            notes.progress(),
            notes.progress("1"),
        ]
        told += [warm, notes.verdict("a"), *notes.adopted()]
        assert f"{told} {told[0]} {told[3]}".encode()


@NOTES.holds
@given(
    warm=st.builds(Warm, SETS, VERSIONS, MOMENTS),
    checked=st.builds(Checked, SETS, VERSIONS, PLAIN, PLAIN, PLAIN),
    hook=st.builds(RunningHook, PLAIN, st.just("host"), SETS, PLAIN, PLAIN),
    finishing=st.builds(Finishing, PLAIN, PLAIN, SETS, MOMENTS, PLAIN),
)
def test_a_note_is_read_as_it_was_written(
    folder: Path, warm: Warm, checked: Checked, hook: RunningHook, finishing: Finishing
) -> None:
    notes = Notes(folder)
    (folder / f"checked.{checked.set}.json").unlink(missing_ok=True)
    notes.keep_warm(warm)
    notes.check(checked)
    notes.run_hook(hook)

    note = FinishingNote(folder)
    note.add(finishing)
    note.add(finishing)

    found = notes.checked(checked.set, checked.version)
    assert (notes.warm(), found, notes.hook()) == (warm, checked, hook)
    assert note.all() == (finishing,)
    note.forget([finishing.container])
    assert note.all() == ()


@HOLDER.holds
@given(note=raw(documents({"pid": 1, "by": "me", "since": "2026", "command": "switch"})))
@example(b"[" * 100_000)
def test_somebody_holds_the_lock_whatever_the_note_says(folder: Path, note: bytes) -> None:
    (folder / "holder.json").write_bytes(note)

    assert lock.holder(folder)


APP = {"name": "shop", "registry": "", "repository": "shop", "port": 8000, "health_path": "/"}
FIELDS = {"version": "1", "app": {**APP, "database": True, "variables": ["A"]}, "files": {"a": "b"}}


@MANIFEST.holds
@given(told=raw(documents(FIELDS)))
@example(b"[" * 100_000)
@example(json.dumps({**FIELDS, "app": {**FIELDS["app"], "port": "no"}}).encode())  # type: ignore[dict-item]
@example(json.dumps({**FIELDS, "app": {**FIELDS["app"], "name": "2001-99-99"}}).encode())  # type: ignore[dict-item]
def test_it_is_a_manifest_of_an_app_or_refused(folder: Path, told: bytes) -> None:
    (folder / manifest.MANIFEST).parent.mkdir(exist_ok=True)
    (folder / manifest.MANIFEST).write_bytes(told)
    try:
        found = manifest.read(folder)
        assert found
        app = _app(found)
    except ConfigurationError:
        return
    assert app is None or App.read(app.described()).described() == app.described()


WRITTEN = lines("200ms", "5s", "1.5m", "1h", "0", "0.0001ms", "1234567ms", "86400.001s")


@DURATIONS.holds
@given(value=WRITTEN | VALUES | ANY_TEXT)
@example("0.0001ms")
@example("9" * 5_000 + "s")
def test_a_duration_is_positive_and_at_most_a_day(value: Any) -> None:
    for read in (duration, drain_duration, duration_or_zero, duration_or_none):
        try:
            found = read(value)
        except ValueError:
            continue
        if found is None or (read is duration_or_zero and not found):
            continue
        assert timedelta(0) < found <= timedelta(days=1)


@DURATIONS.holds
@given(whole=st.timedeltas(timedelta(microseconds=1), timedelta(days=1)))
@example(timedelta(milliseconds=1_234_567))
@example(timedelta(days=1))
def test_what_is_shown_reads_as_the_same(whole: timedelta) -> None:
    assert duration(shown(whole.total_seconds())) == whole
