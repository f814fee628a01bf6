"""JSON Schemas of what programs read, made from the types of the package itself."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from fream_compose import errors
from fream_compose.cli.machine import SCHEMA
from fream_compose.release_report.facts import ReleaseReport
from fream_compose.step_ids import StepId
from script.made.results import RESULTS

_INTERRUPTED = {128 + each for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OF_FIELDS = re.compile(r"(?:^|(?<=[.;:]) )(\w+(?:, \w+)*): ")
_EVENT: dict[str, dict[str, Any]] = {
    "begun": {"command": str, "server": str, "by": str, "note": str},
    "decided": {"was": str, "to": str},
    "started": {"step": StepId, "title": str, "number": int | None, "of": int | None}
    | {"limit": float | None},
    "done": {"step": StepId, "title": str, "number": int | None, "of": int | None}
    | {"detail": str, "seconds": float},
    "failed": {"step": StepId, "title": str, "number": int | None, "of": int | None}
    | {"ended": Literal["failed", "interrupted", "cancelled"], "seconds": float},
    "note": {"text": str},
    "warning": {"text": str},
}


def all_of_them() -> dict[str, str]:
    """The text of each file of docs/schema, by its name."""
    found = {f"{command.replace(' ', '-')}.json": _envelope(command) for command in RESULTS}
    found["failure.json"] = _any_failure()
    found["events.json"] = _events()
    found["report.json"] = _report()
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in found.items()}


def _envelope(command: str) -> dict[str, Any]:
    """What a command prints with --output json: how it ended well, or what failed."""
    result, defs = _schema(RESULTS[command])
    common = {"schema": {"const": SCHEMA}, "command": {"const": command}}
    well = {"ok": {"const": True}, "result": result}
    failed = {"ok": {"const": False}, "error": {"$ref": "#/$defs/Failure"}, "result": result}
    return {
        "$schema": DIALECT,
        "title": f"fream {command} --output json",
        "oneOf": [
            _object(common | well, optional=()),
            _object(common | failed, optional=("result",)),
        ],
        "$defs": defs | {"Failure": _failure()},
    }


def _any_failure() -> dict[str, Any]:
    """What is printed where no command was understood, or one that has no result failed."""
    common = {"schema": {"const": SCHEMA}, "command": {"type": "string"}, "ok": {"const": False}}
    title = "a failure of a command without a result"
    return {"$schema": DIALECT, "title": title} | _object(common | {"error": _failure()}, ())


def _failure() -> dict[str, Any]:
    """What failed, as every command tells it."""
    words = ("what", "why", "serving", "next_step")
    about: dict[str, Any] = {name: {"type": "string"} for name in words}
    kinds = [*_kinds(errors.FreamError)]
    about["exit_code"] = {"enum": sorted({kind.exit_code for kind in kinds} | _INTERRUPTED)}
    about["kind"] = {"enum": sorted(kind.__name__ for kind in kinds)}
    about["logs"] = {"type": "array", "items": {"type": "string"}}
    made = _object(about, optional=()) | {"description": errors.FreamError.__doc__}
    _describe(made)
    return made


def _kinds(kind: type[errors.FreamError]) -> Iterator[type[errors.FreamError]]:
    if kind.__module__ == errors.__name__:
        yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _events() -> dict[str, Any]:
    """A line of --output jsonl; the last one is the result."""
    time = {"type": "string", "format": "date-time", "description": "UTC, with milliseconds"}
    either = {"type": ["string", "null"]}
    common = {"schema": {"const": SCHEMA}, "time": time, "project": either, "run": either}
    lines = []
    for event, kinds in _EVENT.items():
        about = {name: _schema(kind)[0] for name, kind in kinds.items()}
        lines.append(_object(common | {"event": {"const": event}} | about, optional=()))
    known = {"type": "string"}
    failure = {"$ref": "#/$defs/Failure"}
    result = {"ok": {"type": "boolean"}, "command": known, "result": {}, "error": failure}
    last = common | {"event": {"const": "result"}} | result
    lines.append(_object(last, optional=("result", "error")))
    title = "a line of fream switch --output jsonl"
    return {"$schema": DIALECT, "title": title, "oneOf": lines, "$defs": {"Failure": _failure()}}


def _report() -> dict[str, Any]:
    """The file of a release's report."""
    made, defs = _schema(ReleaseReport)
    known = {"schema": {"const": SCHEMA}} | made["properties"]
    about = {"$schema": DIALECT, "title": "the report of a release, as FREAM_REPORT names it"}
    return about | _object(known, optional=()) | {"$defs": defs}


def _object(properties: dict[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _schema(kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a type, and those that it refers to."""
    made = TypeAdapter(kind).json_schema(mode="serialization", schema_generator=_AsPrinted)
    for each in (made, *made.get("$defs", {}).values()):
        _describe(each)
    defs = made.pop("$defs", {})
    return made, defs


class _AsPrinted(GenerateJsonSchema):
    """What has a default is printed all the same."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if field["type"] == "typed-dict-field":
            return bool(field.get("required", total))
        return True


def _describe(schema: dict[str, Any]) -> None:
    """Have each field say what the docstring of its type says of it, units among it."""
    about, fields = " ".join(schema.get("description", "").split()), schema.get("properties", {})
    told = [*_OF_FIELDS.finditer(about)]
    for match, following in zip(told, [*told[1:], None], strict=False):
        said = about[match.end() : following.start() if following else None].strip(" .;")
        for name in fields.keys() & {*match[1].split(", ")}:
            fields[name].setdefault("description", said.replace("None", "null"))
