"""state.json, which fream reads through nginx."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pairs
import pytest
from record import Record, Try
from wanted import Wanted

from tests.unit.acme.world import HOST, SERVER, issued

WANTED = Wanted((HOST,), server=SERVER)


def saved(tmp_path: Path) -> Record:
    """A record with one host that failed."""
    record = Record(tmp_path / "state.json")
    record.load(WANTED)
    record.update(HOST, tried="2026-11-27T05:00:00Z", failures=2, error="no", hint="do")
    record.save(record.text({HOST: ("acme", pairs.loaded(*issued(HOST)))}))
    return record


def test_the_file_is_as_fream_reads_it(tmp_path: Path) -> None:
    saved(tmp_path)

    told = json.loads((tmp_path / "state.json").read_text())
    assert told["schema"] == 1
    assert told["server"] == SERVER
    assert set(told["hosts"][HOST]) == {
        "source", "issuer", "names", "not_before", "not_after", "sha256",
        "tried", "failures", "error", "hint", "next", "told_to_wait",
    }  # fmt: skip
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o644


def test_how_it_went_is_known_after_a_restart(tmp_path: Path) -> None:
    saved(tmp_path)
    record = Record(tmp_path / "state.json")

    record.load(Wanted((HOST, "www.example.com"), server=SERVER))

    assert record.tries[HOST] == Try("2026-11-27T05:00:00Z", 2, "no", "do", None)
    assert record.tries["www.example.com"] == Try()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "[" * 100_000, '{"hosts": []}', '{"hosts": {"shop.example.com": 1}}',
     '{"hosts": {"shop.example.com": {"next": "soon"}}}'],
)  # fmt: skip
def test_a_file_that_is_none_begins_anew(text: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(text)
    record = Record(tmp_path / "state.json")

    record.load(WANTED)

    assert record.tries == {HOST: Try()}


def test_nothing_in_place_is_said_as_such(tmp_path: Path) -> None:
    record = Record(tmp_path / "state.json")
    record.load(WANTED)

    told = json.loads(record.text({HOST: ("", None)}))["hosts"][HOST]

    assert (told["source"], told["names"], told["not_after"]) == ("", [], None)


def test_a_disk_that_is_full_can_be_told_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = saved(tmp_path)
    taken: list[int] = []
    write = Path.write_bytes

    def write_bytes(path: Path, data: bytes) -> int:
        """Room for as much as the file before gave back, and no more."""
        if len(data) > 600:
            raise OSError(28, "No space left on device")
        taken.append(len(data))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    for word in ("one", "two", "three"):
        record.save(json.dumps({"hosts": {}, "word": word}))
        assert json.loads((tmp_path / "state.json").read_text())["word"] == word

    assert len(taken) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"state.json", ".spare"}


def test_a_write_that_fails_leaves_the_file_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = saved(tmp_path)
    before = (tmp_path / "state.json").read_text()

    def fsync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="space"):
        record.save("half")

    assert (tmp_path / "state.json").read_text() == before
