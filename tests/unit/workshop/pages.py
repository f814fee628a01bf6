"""The pages for people: README and docs, taken apart for the tests that hold them to it all."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.main import get_command

from fream_compose.cli.app import app

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs"
PATHS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted(FOLDER.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
)
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# What stands in a command line for a value of the reader's.
_PLACEHOLDERS = {"…": "why", "N": "3", "V": "1.0.1", "TIME": "10m", "SHELL": "bash", "SET": "live"}


@dataclass(frozen=True)
class Page:
    """A page, by its path below the project."""

    name: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / self.name

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """All but the code between fences."""
        return _FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> list[str]:
        """The code between fences, of some languages."""
        found = _FENCE.findall(self.text)
        return [block for language, block in found if language in languages]

    def languages(self) -> set[str]:
        """Of its code between fences."""
        return {language for language, _ in _FENCE.findall(self.text)}

    def section(self, heading: str) -> str:
        """What stands below a heading, with the deeper ones."""
        text = self.text.partition(f"\n{heading}\n")[2]
        assert text, f"{self.name} has no {heading!r}"
        depth = len(heading) - len(heading.lstrip("#"))
        return re.split(rf"^#{{1,{depth}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]

    def headings(self) -> list[str]:
        """Its headings, as they are shown."""
        return re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)

    def anchors(self) -> set[str]:
        """What a link may have after its #, as GitHub makes it from the headings."""
        shown = (re.sub(r"[^\w\- ]", "", text.lower()) for text in self.headings())
        return {text.replace(" ", "-") for text in shown}


PAGES = {name: Page(name) for name in (str(path.relative_to(ROOT)) for path in PATHS)}
README = PAGES["README.md"]
TOLD = [page for name, page in PAGES.items() if name != "CHANGELOG.md"]


def shell_lines(text: str) -> list[str]:
    """What a reader types, of the code in a text: without remarks, nor answers of a dialogue."""
    blocks = _FENCE.findall(text)
    typed = [line for kind, block in blocks if kind == "sh" for line in block.splitlines()]
    shown = [
        line.strip() for kind, block in blocks if kind == "console" for line in block.splitlines()
    ]
    typed += [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
    return [line for raw in typed if (line := re.sub(r"(^| +)#.*", "", raw).strip())]


def fream_lines(page: Page) -> set[str]:
    """Every command line of fream, in code or in a sentence."""
    said = re.findall(r"`(fream [a-z-][^`]*)`", page.prose.replace("\n", " "))
    typed = [re.split(r" [|>] ", line)[0] for line in shell_lines(page.text)]
    return {line for line in [*typed, *said] if line.startswith("fream ")}


def variants(line: str) -> list[list[str]]:
    """The words after fream, with real values: with what may be left out, and without it.

    `on|off` stands for one of them.
    """
    found = []
    for text in (re.sub(r"\[([^\]]*)\]", r"\1", line), re.sub(r"\[[^\]]*\]", "", line)):
        words = shlex.split(text)[1:]
        found.append([_value(word.partition("|")[0] if "|" in word else word) for word in words])
    return found


def _value(word: str) -> str:
    bare = word.removesuffix("…") or word
    return _PLACEHOLDERS.get(bare, bare)


def command_line() -> Any:
    """The real one."""
    return get_command(app())


def understand(words: list[str]) -> None:
    """Parse a command line as fream does, without running anything. Raises what Click raises."""
    group = command_line()
    context = group.make_context("fream", list(words))
    while rest := [*context._protected_args, *context.args]:
        command = group.get_command(context, rest[0])
        assert command, f"{rest[0]} is no command"
        context = command.make_context(rest[0], rest[1:], parent=context)
        if not hasattr(command, "commands"):
            return
        group = command


def rows(text: str) -> list[list[str]]:
    """The cells of each row of a text's tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {at - 1 for at, line in enumerate(lines) if set(line) <= set("|-: ")}
    body = [line for at, line in enumerate(lines) if at not in heads and at - 1 not in heads]
    return [re.split(r" *(?<!\\)\| *", line[1:-1].strip(" ")) for line in body]


def code(cell: str) -> list[str]:
    """What stands as code in a cell."""
    return re.findall(r"`([^`]*)`", cell)
