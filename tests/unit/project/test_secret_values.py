"""Secrets that a command prints: read once, told to nobody, and refused where they are none."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from fream_compose import secrecy
from fream_compose.errors import ConfigurationError
from fream_compose.project.secret_values import SecretValues, parse
from fream_compose.project.x_fream import read_x_fream
from tests.stories.waiting import eventually

SLEEP = f"sleep 1{os.getpid()}"  # that no other run of the tests starts
VALUE = "p$a ss='\"#wörd"


def values_of(
    folder: Path, script: str, timeout: str = "10s", required: dict[str, str] | None = None
) -> SecretValues:
    block = {
        "secrets": {"run": ["sh", "-c", script], "timeout": timeout},
        "required": required or {},
    }
    return SecretValues(read_x_fream(block, folder), folder)


def nobody_sleeps() -> bool:
    found = subprocess.run(["pgrep", "-f", f"^{SLEEP}$"], check=False, capture_output=True)
    return found.stdout == b""


def test_without_a_command_there_are_none(tmp_path: Path) -> None:
    assert SecretValues(read_x_fream({}, tmp_path), tmp_path).values() == {}


def test_the_command_runs_once_in_the_folder_of_the_compose_files(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(f"A={VALUE}\n")
    secrets = values_of(tmp_path, "echo ran >> times; cat kept")

    assert secrets.values() == secrets.values() == {"A": VALUE}
    assert (tmp_path / "times").read_text() == "ran\n"


def test_what_others_say_is_shown_without_the_values(tmp_path: Path) -> None:
    values_of(tmp_path, "echo A=hunter2").values()
    assert secrecy.hidden("the password hunter2 is wrong") == "the password *** is wrong"


def test_what_is_required_may_come_from_the_command(tmp_path: Path) -> None:
    required = {"A": "", "B": "set", "C": ""}
    assert values_of(tmp_path, "echo A=1; echo C=2", required=required).values()["A"] == "1"
    with pytest.raises(ConfigurationError, match="lacks what the project requires") as caught:
        values_of(tmp_path, "echo A=1", required=required).values()
    assert caught.value.why == "C"


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("\n# a remark\n  \nexport A=1", {"A": "1"}),
        ("A='x y'\r\nB=\"z\"\r\n", {"A": "x y", "B": "z"}),
        ("A=a=b # no remark", {"A": "a=b # no remark"}),
        ("A=\nA=2", {"A": "2"}),
        ("A='\nB='a\"", {"A": "'", "B": "'a\""}),
    ],
)
def test_lines_are_read_as_they_are(printed: str, read: dict[str, str]) -> None:
    assert parse(printed.encode()) == read


@pytest.mark.parametrize(
    ("printed", "where"),
    [
        (b"", "there is none"),
        (b"A=1\nhunter2\n", "line 2"),
        (b'{"A": "hunter2"}', "line 1"),
        (b"A b=hunter2", "line 1"),
        (b"A=hunter2\0", "line 1"),
        (b"\xff\xfe=hunter2", "line 1"),
        (b"A=1\nPATH=hunter2", "line 2: PATH is not for a secret"),
        (b"LD_PRELOAD=hunter2", "line 1: LD_PRELOAD is not for a secret"),
        (b"DOCKER_HOST=hunter2", "line 1: DOCKER_HOST is not for a secret"),
    ],
)
def test_nonsense_is_refused_and_not_repeated(printed: bytes, where: str) -> None:
    with pytest.raises(ValueError, match=f"^{where}$"):
        parse(printed)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo A=hunter2; echo no key here >&2; exit 3", "failed with exit code 3"),
        ("echo A=hunter2; kill -9 $$$$", "failed with exit code -9"),
        ("yes A=hunter2 | head -c 1000000", "printed too much"),
        ("echo hunter2", "not NAME=VALUE lines"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_printed(
    tmp_path: Path, script: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)) as caught:
        values_of(tmp_path, script).values()
    text = f"{caught.value.what} {caught.value.why} {caught.value.next_step}"
    assert "hunter2" not in text
    assert ("no key here" in text) == ("exit code 3" in told)


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    block = {"secrets": {"run": ["no-such-program"]}}
    with pytest.raises(ConfigurationError, match="cannot be run"):
        SecretValues(read_x_fream(block, tmp_path), tmp_path).values()


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"longer than 0\.3 s"):
        values_of(tmp_path, f"{SLEEP} & {SLEEP}", timeout="300ms").values()
    assert time.monotonic() - began < 30
    eventually(nobody_sleeps)


def test_an_interruption_ends_it(tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        values_of(tmp_path, SLEEP).values(interrupted)
    eventually(nobody_sleeps)


def test_the_values_stay_out_of_this_process(tmp_path: Path) -> None:
    values_of(tmp_path, "echo FREAM_TEST_SECRET=hunter2").values()
    assert "FREAM_TEST_SECRET" not in os.environ


def test_what_a_failing_command_complains_of_is_shown_without_what_it_printed(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        values_of(tmp_path, "echo A=hunter3; echo cannot send hunter3 >&2; exit 1").values()
    assert caught.value.why == "cannot send ***"


@pytest.mark.parametrize("plain", ["8081", "true", "none", "info"])
def test_what_only_has_the_name_of_a_secret_is_shown(tmp_path: Path, plain: str) -> None:
    (tmp_path / ".env").write_text(f"TOKEN_SETTING={plain}\nDB_PASSWORD=123456\n")
    secrecy.learn(tmp_path)
    assert secrecy.hidden(f"at {plain}, not 123456") == f"at {plain}, not ***"
