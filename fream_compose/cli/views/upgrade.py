"""What `fream init --upgrade` did, for people and as plain values."""

from pathlib import Path
from typing import Any

from fream_compose import __version__
from fream_compose.setup.upgrade import NEW, Outcome, Upgrade


def as_json(done: Upgrade, root: Path) -> dict[str, Any]:
    """Plain values; paths as in the project."""
    outcomes = (Outcome.RENEWED, Outcome.ADDED, Outcome.KEPT, Outcome.BESIDE)
    told = {str(outcome): done.of(outcome) for outcome in outcomes}
    backup = str(done.backup) if done.backup else None
    return {"directory": str(root), "from": done.version, "to": __version__, **told} | {
        "backup": backup
    }


def as_text(done: Upgrade, root: Path) -> str:
    """A line for each file that is not as it was or not as fream writes it, and what to do."""
    changed = [*done.of(Outcome.RENEWED), *done.of(Outcome.ADDED)]
    told = [f"{root} is of fream {__version__} now; nothing that runs was changed"]
    told += [f"  renewed  {path}" for path in done.of(Outcome.RENEWED)]
    told += [f"  added    {path}" for path in done.of(Outcome.ADDED)]
    told += [f"  yours    {path}, and fream has nothing new" for path in done.of(Outcome.KEPT)]
    beside = done.of(Outcome.BESIDE)
    told += [f"  yours    {path}; the new text is in {path}{NEW}" for path in beside]
    if done.backup:
        told.append(f"The renewed files as they were: {done.backup}")
    if beside or changed:
        told.append("Next:")
    told += [f"  diff -u {path} {path}{NEW}    merge, then remove {path}{NEW}" for path in beside]
    if changed:
        told += [
            "  fream doctor",
            "  fream reload    nginx reads its new files; no switch is made before",
        ]
    return "\n".join(told)
