"""The command line: the only place that prints results or exits."""

import os
import signal
import sys


def main() -> None:
    """The entry point of the `fream` command."""
    # Whoever started us may ignore it: then the kernel would keep no exit code of a command.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _open_what_is_closed()
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


def _open_what_is_closed() -> None:
    """Give each standard stream that whoever started us closed a file that swallows all.

    The next file to be opened would get its number, and be written to as if it were that stream.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
