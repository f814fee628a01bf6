"""Numbers from query strings."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException
from starlette.requests import Request


def number(request: Request, name: str, default: float, low: float, high: float) -> float:
    """The parameter moved into its bounds; what is no number is answered with 400."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise HTTPException(400, f"{name}: expected a number")
    return min(max(value, low), high)


def whole_number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Like `number`, cut to a whole one."""
    return int(number(request, name, default, low, high))
