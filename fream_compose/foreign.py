"""What others wrote, as values of ours: whatever is wrong with it is told in one way."""

import json
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")
# What taking a value apart raises when a part is missing, of another type or too large.
_UNLIKE = (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def _number(text: str) -> float:
    """A number that JSON can write again: Python also reads NaN, and makes infinity of 1e999."""
    if not isfinite(number := float(text)):
        raise ValueError(f"{text} is no number")
    return number


_JSON = json.JSONDecoder(parse_float=_number, parse_constant=_number)


def taken(told: S, shape: Callable[[S], T]) -> T:
    """What `shape` makes of what was told. Raises ValueError for whatever it stumbles over."""
    try:
        return shape(told)
    except _UNLIKE as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def of_json(text: str | bytes, shape: Callable[[Any], T]) -> T:
    """What `shape` makes of the plain values in a JSON text.

    Raises ValueError for what is no JSON, is nested too deep, or has another shape.
    """
    whole = text.decode() if isinstance(text, bytes) else text
    return taken(whole, lambda whole: shape(_JSON.decode(whole)))


def made(kind: Callable[..., T], **parts: Any) -> T:
    """A dataclass of parts that are each of their type. Raises ValueError for others."""
    from pydantic import ValidationError

    try:
        whole: T = _model(kind).validate_python(parts)
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ValueError("; ".join(wrong)) from error
    return whole


@cache
def _model(kind: Any) -> Any:
    # Imported when there is something to read: `fream --help` must not wait for it.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
