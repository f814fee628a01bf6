"""What fream starts is waited for, whoever started fream."""

from __future__ import annotations

import subprocess
import sys

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
