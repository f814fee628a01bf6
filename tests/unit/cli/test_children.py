"""What fream starts is waited for, whoever started fream."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STARTED_BY_ONE_WHO_IGNORES_IT = """
import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
sys.argv = ["fream", "--version"]
from fream_compose.cli import main
main()
print(signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL)
"""


def test_exit_codes_of_commands_are_kept_by_the_kernel() -> None:
    command = [sys.executable, "-c", STARTED_BY_ONE_WHO_IGNORES_IT]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    assert told.stdout.splitlines()[-1] == "True"


@pytest.mark.parametrize(
    ("closed", "code"),
    [(">&-", 0), ("2>&-", 0), ("<&-", 0), (">&- 2>&- <&-", 0), (">/dev/full", 3)],
)
def test_a_stream_that_is_closed_or_full_is_no_fault_of_ours(
    tmp_path: Path, closed: str, code: int
) -> None:
    for name in ("compose.yaml", "infra.yaml"):
        (tmp_path / name).touch()
    fream = f"{sys.executable} -c 'from fream_compose.cli import main; main()'"
    command = f"{fream} -C {tmp_path} history {closed}"

    told = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)

    assert told.returncode == code
    assert "Traceback" not in told.stderr
    assert ("could not be printed" in told.stderr) == bool(code)


def test_an_annotation_needs_no_letters_that_the_stream_lacks() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "GITHUB_ACTIONS": "true"}
    command = [sys.executable, "-m", "fream_compose", "switch", "caf\u00e9"]

    told = subprocess.run(command, check=False, capture_output=True, env=environment)

    assert told.returncode == 2
    assert b"::error title='caf?' is not a version" in told.stdout
