"""TAB in real shells: type, press, look."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.stories.terminal import Terminal, terminal
from tests.stories.waiting import eventually

BIN = Path(sys.executable).parent
GOAL = 0.1  # seconds that a TAB may take, on a machine that does nothing else
PATIENCE = 20 * GOAL
SHELLS = {
    "bash": (
        ("bash", "--norc", "--noprofile"),
        ". /usr/share/bash-completion/bash_completion",
        'eval "$(fream completion bash)"',
    ),
    "zsh": (("zsh", "-f"), "PS1='$ '", 'eval "$(fream completion zsh)"'),
    "fish": (
        ("fish",),
        "function fish_prompt; echo -n '$ '; end",
        "fream completion fish | source",
    ),
}
# What is typed before TAB, and what the line is then: the same in every shell.
LINES = (
    ("fream sw", "fream switch"),
    ("fream switch --dr", "fream switch --dry-run"),
    ("fream status --output=j", "fream status --output=json"),
    ("fream history show 3f", "fream history show 3f9a1c"),
    ("fream history show 20261124", "fream history show 20261124T160411Z-aa9a1c"),
    ("fream exec id", "fream exec idle"),
    ("fream logs wo", "fream logs worker"),
    ("fream certificates renew sh", "fream certificates renew shop.example.com"),
    ("fream switch --version 2", "fream switch --version 2.0.0-rc.1"),
    ("fream -C '../my shop' rollback --to 2", "fream -C '../my shop' rollback --to 2.0.0-rc.1"),
    ("fream -C com", "fream -C compose/"),
    ("sudo fream logs ng", "sudo fream logs nginx"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that has notes, and no Docker to ask."""
    root = tmp_path / "my shop"
    state = root / "compose" / ".fream"
    state.mkdir(parents=True)
    for name in ("compose.yaml", "infra.yaml"):
        (state.parent / name).touch()
    rows = [
        {"id": "20261123T160411Z-3f9a1c", "version": "1.0.0", "kind": "switch"},
        {"id": "20261124T160411Z-aa9a1c", "version": "2.0.0-rc.1", "result": "failed"},
    ]
    (state / "history.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    hosts = {"tls": {"hosts": ["shop.example.com"]}}
    kept = {"services": {"worker": {}}, "switch": hosts}
    (state / "settings.json").write_text(json.dumps(kept))
    (state / "tags.json").write_text('["1.0.0", "1.0.1"]')
    return root


@contextmanager
def sitting(shell: str, folder: Path) -> Iterator[Terminal]:
    """Somebody in the project's folder, in a shell that completes fream."""
    command, *setup = SHELLS[shell]
    home = str(folder.parent)
    known = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "HISTFILE": ""}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    with terminal(command, 100, 40, folder, PATH=path, **known) as screen:
        for number, line in enumerate([*setup, "clear"]):
            screen.type(f"{line}; echo ready-{number}", "Enter")
            eventually(lambda n=number: f"ready-{n}" in screen.look().splitlines())  # type: ignore[misc]
        yield screen


def typed(screen: Terminal) -> str:
    """The line at the last prompt."""
    lines = [line for line in screen.look().splitlines() if f"{line} ".startswith("$ ")]
    return lines[-1][2:] if lines else ""


def shows(screen: Terminal, line: str) -> None:
    """The line that is being typed becomes this one; behind it a shell may show longer ones."""
    try:
        eventually(lambda: typed(screen).startswith(line) and bool(line) == bool(typed(screen)))
    except AssertionError:
        pytest.fail(f"not {line!r} but {typed(screen)!r} in\n{screen.look()}")


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_what_is_typed(shell: str, folder: Path) -> None:
    with sitting(shell, folder) as screen:
        for begun, whole in LINES:
            screen.type("-l", begun)
            shows(screen, begun)
            screen.type("Tab")
            shows(screen, whole)
            screen.type("C-u")
            shows(screen, "")
            screen.type("C-l")
            shows(screen, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_second_tab_shows_what_there_is(shell: str, folder: Path) -> None:
    with sitting(shell, folder) as screen:
        for line, one, other in (
            ("fream history show ", "3f9a1c", "aa9a1c"),
            ("fream switch 1", "1.0.0", "1.0.1"),
        ):
            screen.type("-l", line)
            shows(screen, line.rstrip())

            def listed(one: str = one, other: str = other) -> bool:
                screen.type("Tab")
                time.sleep(0.5)
                return one in screen.look() and other in screen.look()

            eventually(listed)
            screen.type("C-u")
            shows(screen, "")


@pytest.mark.parametrize(
    "line", [["sw"], ["history", "show", ""], ["switch", ""], ["logs", ""]], ids=" ".join
)
def test_tab_takes_no_time(line: list[str], folder: Path) -> None:
    environment = {**os.environ, "_FREAM_COMPLETE": "words"}
    took = []
    for _ in range(9):
        now = datetime.now(UTC).timestamp()
        os.utime(folder / "compose" / ".fream" / "tags.json", (now, now))
        began = time.monotonic()
        subprocess.run([BIN / "fream", *line], cwd=folder, env=environment, check=True)
        took.append(time.monotonic() - began)

    print(f"TAB took {statistics.median(took):.3f} s, at best {min(took):.3f} s; goal {GOAL} s")
    assert min(took) < PATIENCE
