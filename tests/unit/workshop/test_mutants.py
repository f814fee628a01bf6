"""script/mutants fails when a mutant lives, when its table is stale, and when tests are red."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.mutants.__main__ import ROOT, TABLE, main
from tests.mutants.table import read
from tests.mutants.trial import verdict

CODE = '''
def half(number):
    """Half."""
    while number < 0:
        number += 1
    return number // 2
'''
TESTS = """
from shop import half

def test_four_is_halved():
    assert half(4) == 2
"""
OTHER_TESTS = """
from shop import half

def test_nothing_is_halved_too():
    assert half(-1) == 0
"""
KILLED = ("return number // 2", "return number // 3")
ALIVE = ('"""Half."""', '"""A half."""')


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tiny tree with tests of its own."""
    folder = tmp_path / "shop"
    (folder / "tests").mkdir(parents=True)
    (folder / "shop.py").write_text(CODE)
    (folder / "tests" / "test_half.py").write_text(TESTS)
    (folder / "tests" / "test_other.py").write_text(OTHER_TESTS)
    return folder


def tried(tree: Path, *pairs: tuple[str, str], words: tuple[str, ...] = ()) -> int:
    """Try mutants of shop.py, each a text and what breaks it."""
    table = tree.parent / "table.toml"
    rows = [
        f"[[mutant]]\nfile = 'shop.py'\npromise = 'promise {number}'\n"
        f"text = '{text}'\nbroken = '{broken}'\ntests = ['tests/test_half.py']\n"
        for number, (text, broken) in enumerate(pairs)
    ]
    table.write_text("\n".join(rows))
    return main(["--tree", str(tree), "--table", str(table), "--workers", "2", *words])


def test_a_mutant_that_a_test_notices_is_killed_by_it(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tree, KILLED) == 0

    told = capsys.readouterr().out
    assert "promise 0: killed by tests/test_half.py::test_four_is_halved" in told
    assert told.endswith("1 mutants, 1 killed, 0 survived\n")
    assert (tree / "shop.py").read_text() == CODE


def test_a_mutant_that_lives_is_shown_and_the_script_fails(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tree, ALIVE, KILLED) == 1

    told = capsys.readouterr().out
    assert "promise 0: SURVIVED" in told
    assert "A half." in told
    assert told.endswith("2 mutants, 1 killed, 1 survived\n")


def test_what_the_first_tests_let_pass_all_others_are_asked(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tree, ("number += 1", "return 7")) == 0
    assert "killed by tests/test_other.py" in capsys.readouterr().out


def test_a_mutant_that_never_ends_is_killed_by_the_time_limit(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()

    assert tried(tree, ("number += 1", "number += 0"), words=("--limit", "12")) == 0
    assert "killed by the time limit" in capsys.readouterr().out
    assert time.monotonic() - began < 100


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (("return number // 4", "return 1"), "0 times"),
        (("number", "n"), "4 times"),
        (("return number // 2", "return number // 2"), "changes nothing"),
        (("return number // 2", "return number //"), "no Python"),
    ],
)
def test_a_table_that_does_not_fit_the_code_fails_before_any_test_runs(
    tree: Path, pair: tuple[str, str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tree, KILLED, pair) == 2

    told = capsys.readouterr()
    assert why in told.err
    assert "killed" not in told.out


def test_a_file_of_tests_that_is_gone_is_stale_too(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "tests" / "test_half.py").unlink()

    assert tried(tree, KILLED) == 2
    assert "There is no tests/test_half.py" in capsys.readouterr().err


def test_tests_that_fail_by_themselves_prove_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "tests" / "test_other.py").write_text("def test_red():\n    assert False\n")

    assert tried(tree, KILLED) == 2
    assert "without any mutant: tests/test_other.py::test_red" in capsys.readouterr().err


def test_a_test_that_fails_once_by_chance_kills_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each copy of the tree is new, so that each trial meets one failure by chance."""
    (tree / "tests" / "test_half.py").write_text(
        "from pathlib import Path\n\n"
        "def test_busy():\n    seen = Path('seen').exists()\n"
        "    Path('seen').touch()\n    assert seen\n" + TESTS
    )

    assert tried(tree, ALIVE, KILLED) == 1
    told = capsys.readouterr().out
    assert "promise 0: SURVIVED" in told
    assert "promise 1: killed by tests/test_half.py::test_four_is_halved" in told


def test_code_that_cannot_be_imported_is_an_error_and_no_kill(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tree, ("def half(number):", "def half(number=nothing):")) == 2
    assert "could not be run" in capsys.readouterr().err


def test_words_choose_mutants_and_none_chosen_is_an_error(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tree, ALIVE, KILLED, words=("promise", "1")) == 0
    assert "1 mutants" in capsys.readouterr().out
    assert tried(tree, KILLED, words=("no such thing",)) == 2


def test_a_run_without_a_failed_test_is_not_taken_for_a_kill() -> None:
    assert verdict(0, "", in_time=True) == ""
    with pytest.raises(RuntimeError):
        verdict(1, "segmentation fault", in_time=True)
    with pytest.raises(RuntimeError):
        verdict(-9, "FAILED tests/test_a.py::test_b", in_time=True)


def test_the_table_fits_the_code_and_covers_the_promise() -> None:
    mutants = read(TABLE, ROOT)

    assert len(mutants) >= 40
    assert len({(each.file, each.text, each.broken) for each in mutants}) == len(mutants)
    files = {Path(each.file).stem for each in mutants}
    assert {"reload", "diagnosis", "plan", "recovery", "switch", "undo", "envfile", "lock"} <= files


def test_the_script_says_what_it_does() -> None:
    told = subprocess.run(
        [ROOT / "script" / "mutants", "--help"], capture_output=True, text=True, check=True
    )

    assert re.search("fails if no test notices", told.stdout)
