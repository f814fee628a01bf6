"""What is wrong with the x-fream block, in plain words and none of the library that checks it."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from fream_compose.text import given

Location = tuple[int | str, ...]
_WORDS = {
    "model_type": "is not a section of settings",
    "dict_type": "is not a section of NAME: VALUE",
    "tuple_type": "is not a list, such as [a, b]",
    "string_type": "is not text",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "too_short": "must not be empty",
}


def complaints(
    error: ValidationError, model: type[BaseModel], source: Callable[[Location], str]
) -> str:
    """Every fault: its place, the value given, what is allowed, and what set it.

    source: tells what set the value at a place; empty where it is not known.
    """
    return "; ".join(_complaint(detail, model, source) for detail in error.errors())


def _complaint(detail: Any, model: type[BaseModel], source: Callable[[Location], str]) -> str:
    place, kind = detail["loc"], detail["type"]
    where = ".".join(["x-fream", *map(str, place)])
    if kind == "extra_forbidden":
        return f"{where} is not a setting; {_hint(place, model)}"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "value_error":
        said = str(detail["ctx"]["error"])
    elif kind == "literal_error":
        said = f"{given(detail['input'])} must be {detail['ctx']['expected'].replace(chr(39), '')}"
    else:
        said = f"{given(detail['input'])} {_WORDS.get(kind, 'is not valid here')}"
    setter = source(place)
    return f"{where}: {said}" + (f" (set by {setter})" if setter else "")


def _hint(place: Location, model: type[BaseModel]) -> str:
    """The setting that was probably meant, or else all that there are in its section."""
    section = ".".join(["x-fream", *map(str, place[:-1])])
    known = [field.alias or name for name, field in _section(place[:-1], model).items()]
    if near := get_close_matches(str(place[-1]), known, n=1):
        return f"did you mean {section}.{near[0]}?"
    return f"known in {section}: {', '.join(known)}"


def _section(place: Location, model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The settings of a section, or of each section of a list."""
    fields = model.model_fields
    for part in place:
        if isinstance(part, str):
            kind = next(f.annotation for name, f in fields.items() if (f.alias or name) == part)
            kinds: list[Any] = [kind, *get_args(kind)]
            fields = next(k.model_fields for k in kinds if hasattr(k, "model_fields"))
    return fields
