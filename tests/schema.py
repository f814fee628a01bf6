"""What fream tells programs is what docs/schema says, and nothing besides."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[1] / "docs" / "schema"


def holds(text: str) -> Any:
    """The plain values of a line of JSON that is as its schema says; AssertionError for others."""
    told = json.loads(text)
    name = "events" if "event" in told else told["command"].replace(" ", "-")
    if "event" in told and "ok" in told:
        about = ("event", "time", "project", "run")
        holds(json.dumps({key: value for key, value in told.items() if key not in about}))
    _hold(told, name if (FOLDER / f"{name}.json").exists() else "failure")
    return told


def holds_report(text: str) -> Any:
    """The plain values of a kept report; AssertionError for one that is not as its schema says."""
    told = json.loads(text)
    _hold(told, "report")
    return told


def _hold(told: Any, name: str) -> None:
    wrong = [*_validator(FOLDER / f"{name}.json").iter_errors(told)]
    assert not wrong, "\n".join(f"{told}\n{_deepest(error)}" for error in wrong)


@cache
def _validator(path: Path) -> Draft202012Validator:
    return Draft202012Validator(_strict(json.loads(path.read_text(encoding="utf-8"))))


def _strict(schema: Any) -> Any:
    """Without leave for what is not named, which readers have to pass over."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _strict(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made["additionalProperties"] = False
    return made


def _deepest(error: Any) -> str:
    """Where it is wrong, of all ways in which it could be right."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return f"{error.json_path}: {error.message}"
