"""The `x-fream` block: settings that hold, or the key and what is wrong with it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fream_compose.errors import ConfigurationError
from fream_compose.project.x_fream import Hook, SwitchSettings, read_x_fream
from tests.properties.parsers import Parser
from tests.properties.strategies import ODD, VALUES, mutated

X_FREAM = Parser(
    "the `x-fream` block",
    ("project/x_fream.py",),
    "a pattern such as `a{4294967296}`, and one that is nested too deep, was an unexpected error",
)
HOOK = {"run": "sh -c 'migrate $$A'", "in": "release", "timeout": "1m", "on_rollback": True}
BLOCK: dict[str, Any] = {
    "required": {"MYSQL_PASSWORD": "secret"},
    "pull": "missing",
    "health": {
        "path": "/health",
        "host": "shop.example.com",
        "statuses": ["200-299", "401"],
        "body": "^o+k",
        "timeout": "100s",
        "interval": "100ms",
        "successes": 2,
    },
    "warm_up": {"paths": ["/"], "requests": 100, "concurrency": 4, "timeout": "30s"},
    "cut_over": {"timeout": "15s"},
    "guard": "5s",
    "drain": {"timeout": "60s"},
    "keep_warm": "30m",
    "retain": 5,
    "hooks": {"before_start": [HOOK], "after_failure": None},
    "hold": {"timeout": "30m"},
}
_MANY = (dict, list, tuple)
PATTERNS = ["a{4294967296}", "(" * 5_000, "[[a]", "\\", "(?P<a>", "a**", "(?i)ok"]


pytestmark = pytest.mark.filterwarnings("ignore:Possible nested set")  # told by Python's re


def durations_of(value: Any) -> list[timedelta]:
    """Every duration in settings."""
    if isinstance(value, timedelta):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [d for each in inner for d in durations_of(each)] if isinstance(value, _MANY) else []


@X_FREAM.holds
@given(block=mutated(BLOCK) | VALUES)
@example({"health": {"body": "a{4294967296}"}})
@example({"health": {"body": "(" * 5_000}})
@example({"health": {"timeout": "1e400s"}})
def test_any_block_is_settings_or_says_what_is_wrong(block: Any) -> None:
    try:
        found = read_x_fream(block, Path("/srv"))
    except ConfigurationError as error:
        assert error.next_step
        assert ".env" in error.next_step
        return
    assert isinstance(found, SwitchSettings)
    day = timedelta(days=1)
    assert all(timedelta(0) <= each <= day for each in durations_of(found.model_dump()))
    assert timedelta(0) < found.drain.timeout <= timedelta(hours=1)
    assert found.health.accepts(200) in (True, False)
    assert re.compile(found.health.body)
    assert 1 <= found.health.successes <= 100
    assert all(required for required in found.required.values())


@X_FREAM.holds
@given(part=st.sampled_from(["path", "host", "statuses", "body"]), text=ODD, pattern=st.data())
def test_a_text_of_the_health_check_is_good_or_refused(
    part: str, text: str, pattern: st.DataObject
) -> None:
    put: Any = pattern.draw(st.sampled_from(PATTERNS)) + text if part == "body" else text
    try:
        health = read_x_fream({"health": {part: [put] if part == "statuses" else put}}, Path("/"))
    except ConfigurationError as error:
        assert f"x-fream.health.{part}" in error.why
        return
    assert health.health.path.startswith("/")
    assert not set(health.health.path + health.health.host) & set(" \r\n\0")
    assert health.health.accepts(401) in (True, False)


@X_FREAM.holds
@given(words=st.lists(st.text("abc $'\"\\#-é", min_size=1), min_size=1, max_size=5))
def test_the_words_of_a_hook_are_what_was_quoted(words: list[str]) -> None:
    """As Compose prints them: each $ twice."""
    run = " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in words)
    block = {"hooks": {"before_start": [{"run": run.replace("$", "$$")}]}}

    (hook,) = read_x_fream(block, Path("/")).hooks.before_start

    assert isinstance(hook, Hook)
    assert hook.run == tuple(words)
