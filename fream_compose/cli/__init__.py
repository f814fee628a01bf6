"""The command line: the only place that prints results or exits."""

import os
import signal
import sys


def main() -> None:
    """The entry point of the `fream` command."""
    # Whoever started us may ignore it: then the kernel would keep no exit code of a command.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # What is asked with each TAB, or often, waits for nothing that it does not need.
    if how := os.environ.get("_FREAM_COMPLETE"):
        from fream_compose.cli.words import answer

        answer(how, sys.argv[1:])
        return
    if sys.argv[1:] == ["--version"]:
        from fream_compose import __version__

        print(f"fream {__version__}")
        return
    if sys.argv[1:2] in (["logs"], ["exec"]):
        from fream_compose.cli.shortcut import attempt

        attempt(sys.argv[1:])
    from fream_compose.cli import app

    app.main()
