"""What programs read: one envelope around every result and every failure."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from fream_compose.cli.views.errors import fields
from fream_compose.errors import FreamError

SCHEMA = 1  # rises when a field goes or changes its meaning; a new field is no reason


def succeeded(command: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """What a command says that has ended well."""
    return {"schema": SCHEMA, "ok": True, "command": command, "result": result}


def broke(
    command: str, error: FreamError, result: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a command says that failed. result: what was found out all the same."""
    told = {"schema": SCHEMA, "ok": False, "command": command, "error": fields(error)}
    return told | ({"result": result} if result else {})


def asked_for_json(words: list[str]) -> str:
    """Which form a command line asks for that was not understood: json, jsonl, or empty."""
    ours, asked = words[: words.index("--")] if "--" in words else words, ""
    for word, after in pairwise([*ours, ""]):
        for form in ("json", "jsonl"):
            alone = word in ("-o", "--output") and after == form
            if alone or word in (f"-o{form}", f"--output={form}"):
                asked = form
    return asked
