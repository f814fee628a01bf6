"""The words that TAB completes, as fream_compose/cli/words.py reads them."""

from __future__ import annotations

import json
import re
from typing import Any

from script.made.tree import Command


def text(root: Command) -> str:
    """The table: an option or an argument in a line, so that two changes seldom meet."""
    return json.dumps(_place(root), indent=1, ensure_ascii=False) + "\n"


def _place(command: Command) -> dict[str, Any]:
    options = {
        " ".join(each.names): [_brief(each.help), list(each.choices) or each.value or None]
        for each in command.options
    }
    found: dict[str, Any] = {"help": _brief(command.help), "options": options}
    found["arguments"] = [
        [list(each.choices) or each.value, each.many] for each in command.arguments
    ]
    if command.commands:
        found["commands"] = {name: _place(inner) for name, inner in command.commands.items()}
    return found


def _brief(help: str) -> str:
    """Its first sentence, without the default."""
    first = re.sub(r"\[.*\]$", "", help.partition("\n\n")[0])
    return " ".join(first.split()).rstrip(".")
