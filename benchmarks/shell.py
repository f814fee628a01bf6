"""Commands, with their output or the reason why there is none."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv" / "bin"


def run(*command: str | Path, limit: float = 120, cwd: Path = ROOT) -> str:
    """Standard output of a command. Raises RuntimeError with what it said when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=limit,
        cwd=cwd,
        env=environment(),
        check=False,
    )
    if done.returncode:
        told = (done.stderr or done.stdout).strip()[-2000:]
        raise RuntimeError(f"{' '.join(str(part) for part in command)}: {told}")
    return done.stdout


def quietly(*command: str | Path) -> None:
    """A command that may fail: what it removes may not be there."""
    subprocess.run([str(part) for part in command], capture_output=True, timeout=120, check=False)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's variables without those that would point fream elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COMPOSE_", "FREAM_"))
    }
    return kept | dict(extra or {})
