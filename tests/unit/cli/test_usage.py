"""A wrong command line is told in the form of every other error, in plain words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fream_compose.cli.machine import asked_for_json
from fream_compose.cli.usage import wrong
from tests import schema


def fream(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fream_compose", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("line", "what", "help_of"),
    [
        ("switch --xyzzy", "There is no option --xyzzy", "fream switch"),
        ("switch --dryrun", "There is no option --dryrun. Did you mean --dry-run?", "fream switch"),
        ("swich 1", "There is no command swich. Did you mean switch?", "fream"),
        ("exec", "SET is missing", "fream exec"),
        ("status --interval", "--interval needs a value", "fream status"),
        ("status --count x", "--count: it must be a number", "fream status"),
        ("prune --keep -1", "--keep: it must be 1 or more", "fream prune"),
        ("status -o yaml", "--output: yaml is none of text, json, prometheus", "fream status"),
        ("config a b", "There is no place for a b", "fream config"),
        ("-C", "-C needs a value", "fream"),
    ],
)
def test_what_is_wrong_is_said_and_where_its_help_is(line: str, what: str, help_of: str) -> None:
    done = fream(*line.split())

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"error: {what}", f"  next     {help_of} --help"]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("swich 1 -o json", ""),
        ("switch --nonsense --output json", "switch"),
        ("exec --output=json", "exec"),
        ("plugin nonsense -ojson", "plugin"),
        ("history show -o json", "history show"),
        ("rollback --nonsense -o jsonl", "rollback"),
    ],
)
def test_a_program_is_told_in_the_form_that_it_asked_for(line: str, command: str) -> None:
    done = fream(*line.split())
    told = schema.holds(done.stdout)

    assert (done.returncode, told["ok"], told["command"]) == (2, False, command)
    assert told.get("event") == ("result" if "jsonl" in line else None)
    assert told["error"]["kind"] == "UsageError"
    assert done.stderr.startswith(f"error: {told['error']['what']}\n")


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("switch json --nonsense", ""),
        ("exec -- jq -o json", ""),
        ("status -o", ""),
        ("switch -o json --output jsonl", "jsonl"),
        ("switch -o jsonl -o json", "json"),
    ],
)
def test_only_the_option_asks_for_json(line: str, form: str) -> None:
    assert asked_for_json(line.split()) == form


def test_without_a_word_the_help_is_shown() -> None:
    done = fream()

    assert done.returncode == 2
    assert (done.stdout + done.stderr).startswith("Usage: fream ")


def test_a_hint_of_typers_is_the_reason() -> None:
    error = wrong("No such option: --x\nTry without it.", "fream up")

    assert (error.what, error.why) == ("There is no option --x", "Try without it.")
    assert error.exit_code == 2
