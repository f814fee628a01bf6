"""Text of foreign origin on terminals of any kind."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fream_compose.cli.reports.jsonl import JsonlReport
from fream_compose.cli.reports.plain import PlainReport
from fream_compose.cli.reports.terminal import TerminalReport
from fream_compose.errors import FreamError
from fream_compose.report import Report
from fream_compose.text import clean, encodable

NASTY = "a\x1b[2J\x07b\x9b31mc\u202ed\u2066e\u2028f\x00g\x7fh\udcffi\rj\ue000"
ROOT = Path(__file__).parents[2]


def test_nothing_that_steers_a_terminal_is_left() -> None:
    assert clean(NASTY) == "a�[2J�b�31mc�d�e�f�g�h�i�j�"


@pytest.mark.parametrize("text", ["plain", "두 줄\n\tund", "정상 ✓ 🛠️", "👩\u200d💻", "e\u0301", ""])
def test_what_people_write_stays(text: str) -> None:
    assert clean(text).replace("\ufffd", "") == text.replace("\ufffd", "")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✓ 정상 … ⠋ ▁█ \xe9"),
        ("euc-kr", "+ 정상 ... * _# ?"),
        ("iso-8859-1", "+ ?? ... * _# \xe9"),
        ("ascii", "+ ?? ... * _# ?"),
    ],
)
def test_what_an_encoding_lacks_is_replaced(encoding: str, shown: str) -> None:
    assert encodable("✓ 정상 … ⠋ ▁█ \xe9", encoding) == shown


def report(kind: str, encoding: str) -> tuple[Report, io.BytesIO]:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    if kind == "terminal":
        return TerminalReport(out=out), raw
    return (PlainReport(out=out) if kind == "plain" else JsonlReport(out=out)), raw


@pytest.mark.parametrize("encoding", ["utf-8", "euc-kr", "iso-8859-1", "ascii"])
@pytest.mark.parametrize("kind", ["plain", "terminal", "jsonl"])
def test_every_report_says_foreign_text_without_harm(kind: str, encoding: str) -> None:
    made, raw = report(kind, encoding)
    with made.step(f"Pull {NASTY} [red]정상") as step:
        step.detail = NASTY
    with pytest.raises(FreamError), made.step("fails"):
        raise FreamError(NASTY)
    made.note(NASTY)
    made.warn(NASTY)

    shown = raw.getvalue().decode(encoding)
    assert "[red]" in shown
    # What erases the line that was alive.
    shown = re.sub(r"\x1b\[(J|\?7[lh])", "", shown)
    assert "\x1b" not in shown
    assert not set("\x07\x9b\u202e\u2066\u2028\x00\x7f") & set(shown)
    if kind == "jsonl":
        assert json.loads(shown.splitlines()[0])["title"] == f"Pull {NASTY} [red]정상"
        assert shown.isascii()


@pytest.mark.parametrize("encoding", ["ascii", "euc-kr", "iso-8859-1"])
def test_a_terminal_that_knows_no_unicode_is_no_traceback(tmp_path: Path, encoding: str) -> None:
    """An error with the name of a folder in it, at a real terminal."""
    folder = tmp_path / "정상 \x1b[2J ✓"
    folder.mkdir()
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "fream_compose", "-C", str(folder), "status"]
    done = subprocess.run(command, stdout=theirs, stderr=theirs, env=environment, check=False)
    os.close(theirs)
    shown = os.read(ours, 65_536)
    os.close(ours)

    assert done.returncode == 3
    assert b"error: " in shown
    assert b"Traceback" not in shown
    assert b"\x1b[2J" not in shown
