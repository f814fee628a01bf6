"""Each fault of the x-fream block: its place, the value given, what is allowed, what set it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from fream_compose.errors import ConfigurationError
from fream_compose.project.compose_config import parse
from fream_compose.project.x_fream import Hook, SwitchSettings, read_x_fream
from fream_compose.text import given
from tests.fakes.stage import compose_config

OF_LIBRARIES = re.compile(
    r"Input should|Value error|[Ee]xtra (fields|inputs)|Field required|valid (dictionary|integer|"
    r"string|tuple|boolean)|pydantic|type=|instance of|NoneType|\bNone\b|\bTrue\b|\bdict\b|"
    r"No closing|invalid literal|while scanning|Traceback|\[Errno|HTTPConnectionPool|Max retries"
)
WRONG: list[Any] = [
    "10 parsecs",
    "\t",
    "-1",
    -1,
    1.5,
    10**12,
    True,
    [],
    ["#"],
    [None],
    [[5]],
    {},
    {"wrong": 1},
    "sh -c 'open",
    "(",
    "x" * 500,
    "é\u202e",
]
# What is meant where a value of its kind is wrong.
ALLOWED = re.compile(
    r"write a number and ms, s, m or h|at most (24h|1h)|more than zero|must begin with /|"
    r"nor a range: 200-299|whole number from \d+ to \d+|must be \w+(, \w+)* or \w+|"
    r"neither true nor false|not a section|not a list, such as|not text|must not be empty|"
    r"is missing|not a setting; (did you mean|known in) x-fream|not a regular expression: |"
    r"not a host name|a quote that is not closed|repeats more|must be one word|"
    r"is only for by \w+( or \w+)*, not by \w+|not the name of a host|more than a name|"
    r"not an e-mail address|neither http nor a plugin|not the https:// address|two files|"
    r"not the path of a file|no public name|a comma between two hosts|neither on nor off|"
    r"is longer than \d+ characters"
)


MISSING = "is missing|two files"


def places(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        place = (*prefix, field.alias or name)
        yield place
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from places(field.annotation, place)


PLACES = list(places(SwitchSettings))
HOOK = [("hooks", "before_start", "0", *place) for place in places(Hook)]


def block_of(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The block with a value at a place; what else a hook needs is there."""
    made: Any = value
    for part in reversed(place):
        made = [{"run": "true", **made}] if part == "0" else {part: made}
    return dict(made)


@pytest.mark.parametrize("place", [*PLACES, *HOOK, ()], ids=".".join)
def test_whatever_is_wrong_is_told_in_plain_words(place: tuple[str, ...], tmp_path: Path) -> None:
    told = {index: _why(place, value, tmp_path) for index, value in enumerate(WRONG)}

    for index, why in told.items():
        if why:
            value = WRONG[index]
            assert not OF_LIBRARIES.search(why.replace(given(value), "")), why
            # Of two files that belong together the one is missing, so the section is named.
            named = place[:-1] if "two files" in why else place
            assert ".".join(("x-fream", *named)) in why
            assert ALLOWED.search(why), why
            assert len(why) < 1000
            assert not isinstance(value, str) or given(value) in why or re.search(MISSING, why)
    assert any(told.values())


def _why(place: tuple[str, ...], value: Any, folder: Path) -> str:
    try:
        read_x_fream(block_of(place, value) if place else value, folder)
    except ConfigurationError as error:
        return error.why
    return ""


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (
            {"health": {"timeout": "10 parsecs"}},
            'x-fream.health.timeout: "10 parsecs" is not a duration; '
            "write a number and ms, s, m or h",
        ),
        (
            {"health": {"successes": "many"}},
            'x-fream.health.successes: "many" is not a whole number from 1 to 100',
        ),
        ({"retain": True}, "x-fream.retain: true is not a whole number from 1 to 1000"),
        ({"pull": "never"}, 'x-fream.pull: "never" must be always or missing'),
        ({"health": [1]}, "x-fream.health: [1] is not a section of settings"),
        (
            {"drain": {"zzz": 1}},
            "x-fream.drain.zzz is not a setting; known in x-fream.drain: timeout",
        ),
        (
            {"hooks": {"before_start": [{"in": "moon"}]}},
            "x-fream.hooks.before_start.0.run is missing; "
            'x-fream.hooks.before_start.0.in: "moon" must be host, release or set',
        ),
        (
            {"hooks": {"before_start": [{"run": "a", "on": ["release", "deploy"]}]}},
            'x-fream.hooks.before_start.0.on.1: "deploy" must be release or rollback',
        ),
        (
            {"hooks": {"before_start": [{"run": "a", "on": "release", "on_rollback": True}]}},
            "x-fream.hooks.before_start.0: on says it all: leave on_rollback out",
        ),
    ],
)
def test_a_fault_says_where_what_and_what_is_allowed(
    block: dict[str, Any], why: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_x_fream(block, tmp_path)

    assert caught.value.why == why


def refused(folder: Path, values: dict[str, Any], raw: dict[str, Any]) -> str:
    """Why settings are refused. raw: with the variables not filled in."""
    config = compose_config(folder / "nginx", 18090, **values)
    with pytest.raises(ConfigurationError) as caught:
        parse(config, folder / "compose", lambda: {"x-fream": raw})
    return caught.value.why


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    compose = tmp_path / "compose"
    compose.mkdir()
    (compose / ".env").write_text("A=1\nHEALTH_TIMEOUT=1s\nGUARD=\nHEALTH_TIMEOUT=10 parsecs\n")
    return tmp_path


def test_the_variable_that_set_a_wrong_value_is_named_with_its_line(folder: Path) -> None:
    raw = {"health": {"timeout": "${HEALTH_TIMEOUT:-100s}", "path": "${A}"}}

    why = refused(folder, {"health": {"timeout": "10 parsecs"}}, raw)

    assert why.endswith("s, m or h (set by HEALTH_TIMEOUT in compose/.env, line 4)")


@pytest.mark.parametrize(
    ("values", "raw", "setter"),
    [
        ({"guard": "x"}, {"guard": "${A:-5s}"}, "A in compose/.env, line 1"),
        ({"guard": "x"}, {"guard": "${GUARD:-x}"}, ""),
        ({"guard": "x"}, {"guard": "$${A}"}, ""),
        ({"guard": "x"}, {"guard": {"time": "$OF_SHELL"}}, "OF_SHELL of the shell"),
        ({"guard": "x"}, {}, ""),
        (
            {"health": {"statuses": ["200", "x"]}},
            {"health": {"statuses": ["${GUARD}", "${A}$HEALTH_TIMEOUT"]}},
            "A in compose/.env, line 1 and HEALTH_TIMEOUT in compose/.env, line 4",
        ),
    ],
)
def test_what_set_a_value_is_found_wherever_it_stands(
    folder: Path,
    values: dict[str, Any],
    raw: dict[str, Any],
    setter: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OF_SHELL", "x")

    why = refused(folder, values, raw)

    assert why.partition(" (set by ")[2] == (f"{setter})" if setter else "")


def test_the_defaults_fit_their_own_bounds() -> None:
    assert SwitchSettings().retain == 5
    assert SwitchSettings().drain.timeout == timedelta(minutes=1)
