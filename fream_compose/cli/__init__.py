"""The command line: the only place that prints results or exits."""

import os
import signal
import sys


def main() -> None:
    """The entry point of the `fream` command."""
    # Whoever started us may ignore it: then the kernel would keep no exit code of a command.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (answer := _quickly()) is not None:
        print(answer)
        return
    if sys.argv[1:2] in (["logs"], ["exec"]):
        from fream_compose.cli.shortcut import attempt

        attempt(sys.argv[1:])
    from fream_compose.cli import app

    app.main()


def _quickly() -> str | None:
    """What is asked often and must not wait for Typer; None for all else."""
    if sys.argv[1:] == ["--version"]:
        from fream_compose import __version__

        return f"fream {__version__}"
    if os.environ.get("_FREAM_COMPLETE") != "complete_bash":
        return None
    from fream_compose.cli.words import complete

    try:
        place = int(os.environ["COMP_CWORD"])
    except (KeyError, ValueError):
        return None
    found = complete(os.environ.get("COMP_WORDS", "").split(), max(place, 0))
    return None if found is None else "\n".join(found)
