"""What bash completes of a command line, known without Typer, which takes longer than TAB may.

A test holds this to the commands as they are. What is not here, Typer completes.
"""

_SHARED = "--output -o --project-directory -C --quiet -q --verbose"
_ROOT = "--project-directory -C --quiet -q --verbose --version"
_OWN = {
    "switch": "--version -v --hold --keep-warm --dry-run --skip-hooks --wait",
    "rollback": "--to --keep-warm --skip-hooks --wait",
    "promote": "",
    "abort": "",
    "recover": "--wait",
    "up": "--recreate --wait",
    "down": "--volumes --yes -y --project --wait",
    "status": "--watch -w --interval --count",
    "history": "",
    "config": "",
    "logs": "--follow -f --since --tail -n",
    "exec": "",
    "reload": "--wait",
    "doctor": "",
    "prune": "--keep --unreleased --wait",
    "init": "--image --name --app-port --health-path --mysql --no-mysql --http-port --set --force "
    "--upgrade",
    "plugin": "",
    "completion": "",
    "maintenance": "--message -m --allow --wait",
    "adopt": "--from --wait",
}
_GROUPS = ("history", "plugin")  # which have commands of their own


def complete(words: list[str], current: int) -> list[str] | None:
    """The words that may stand at a place; None where this module does not know.

    words: the command line, `fream` first. current: the place, as bash counts.
    """
    typed, before = words[current] if 0 <= current < len(words) else "", words[1 : max(current, 1)]
    if not before:
        return [word for word in _first(typed) if word.startswith(typed)]
    command = before[0]
    if not typed.startswith("-") or command not in _OWN or command in _GROUPS:
        return None
    options = f"{_OWN[command]} {_SHARED}".split()
    return [word for word in options if word.startswith(typed) and word not in before]


def _first(typed: str) -> list[str]:
    return _ROOT.split() if typed.startswith("-") else list(_OWN)
