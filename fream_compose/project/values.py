"""Values of the settings: each is checked, and says what it should have been."""

import re
import shlex
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from fream_compose.pattern import reject_faulty
from fream_compose.project.durations import duration
from fream_compose.text import given

_OF_A_SHELL = ("&&", "||", "|", "&", ">", ">>", "<", "2>", "2>&1")


def _path(value: object) -> str:
    if not re.fullmatch(r"/[!-~]*", str(value)):
        raise ValueError(f"{given(value)} must begin with / and hold no spaces")
    return str(value)


def _host(value: object) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]*", str(value)):
        raise ValueError(f"{given(value)} is not a host name")
    return str(value)


def _route(value: object) -> str:
    text = _path(value)
    if not re.fullmatch(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~@+-]+)*/?", text):
        raise ValueError(f"{given(value)} must consist of /, letters, digits and . _ ~ @ + -")
    return text.rstrip("/") or "/"


def _server_name(value: object) -> str:
    text = str(value).lower()
    if text and not re.fullmatch(r"(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", text):
        raise ValueError(f"{given(value)} is not the name of a host, such as shop.example.com")
    return text


def _statuses(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[1-5]\d\d(-[1-5]\d\d)?", text):
        raise ValueError(f"{given(value)} is neither a status, such as 401, nor a range: 200-299")
    first, _, last = text.partition("-")
    if last and last < first:
        raise ValueError(f"{given(value)} ends before it begins")
    return text


def _word(value: object) -> str:
    if not re.fullmatch(r"[!-~]*", str(value)):
        raise ValueError(f"{given(value)} must be one word")
    return str(value)


def _expression(value: object) -> str:
    if text := str(value):
        try:
            reject_faulty(text)
        except ValueError as error:
            raise ValueError(f"{given(value)} is not a regular expression: {error}") from error
    return text


def _words(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        words = tuple(shlex.split(value))
    except ValueError as error:
        raise ValueError(f"{given(value)} has a quote that is not closed") from error
    if sign := next((word for word in words if word in _OF_A_SHELL), ""):
        raise ValueError(f"{given(value)} has {sign}, and no shell: [sh, -c, '…'] has one")
    return words


def whole(low: int, high: int) -> BeforeValidator:
    """A whole number in these bounds, which a variable gives as text."""

    def read(value: object) -> int:
        text = str(value)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"{given(value)} is not a whole number from {low} to {high}")
        return int(text)

    return BeforeValidator(read)


Duration = Annotated[timedelta, BeforeValidator(duration)]
UrlPath = Annotated[str, BeforeValidator(_path)]
RoutePath = Annotated[str, BeforeValidator(_route)]
ServerName = Annotated[str, BeforeValidator(_server_name)]
HostName = Annotated[str, BeforeValidator(_host)]
Statuses = Annotated[str, BeforeValidator(_statuses)]
Expression = Annotated[str, BeforeValidator(_expression)]
Word = Annotated[str, BeforeValidator(_word)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class Model(BaseModel):
    """Values that do not change and know no other keys; a number is one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
