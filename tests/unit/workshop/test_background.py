"""The tests pass in the background, too, where a shell has them ignore signals."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_heeded(signum: signal.Signals) -> None:
    assert signal.getsignal(signum) is not signal.SIG_IGN


def test_signals_are_heeded_where_the_shell_ignores_them() -> None:
    """As under nohup, and behind `&` in a script."""
    pytest_here = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    shell = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh"]
    wanted = f"{__file__}::{test_a_signal_is_heeded.__name__}"

    ran = subprocess.run([*shell, *pytest_here, wanted], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
