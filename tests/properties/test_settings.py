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
from fream_compose.project.compose_config import parse
from fream_compose.project.remembered import recall, remember
from fream_compose.project.x_fream import Hook, Hooks, Secrets, SwitchSettings, read_x_fream
from tests.fakes.stage import compose_config
from tests.properties.parsers import Parser
from tests.properties.strategies import ODD, VALUES, mutated

X_FREAM = Parser(
    "the `x-fream` block",
    (
        *("project/x_fream.py", "project/values.py", "project/health_settings.py"),
        "project/tls_settings.py",
    ),
    "a pattern such as `a{4294967296}`, one that is nested too deep, and half a character in the "
    "name of a key, was an unexpected error",
)
KEPT = Parser("the settings of the last run", ("project/remembered.py",))
HOOK = {"run": "sh -c 'migrate $$A'", "in": "release", "timeout": "1m", "on": ["release"]}
BLOCK: dict[str, Any] = {
    "required": {"MYSQL_PASSWORD": "secret"},
    "pull": "missing",
    "health": {
        "by": "grpc",
        "port": 9001,
        "service": "shop.Cart",
        "command": "",
        "path": "/health",
        "host": "shop.example.com",
        "statuses": ["200-299", "401"],
        "body": "^o+k",
        "timeout": "100s",
        "interval": "100ms",
        "successes": 2,
    },
    "services": {
        "ui": {"path": "/", "port": 3000, "health": {"by": "tcp"}},
        "beat": {"alone": True, "after": "ui"},
    },
    "tls": {
        "hosts": "shop.example.com,bücher.example",
        "email": "ops@example.com",
        "redirect": "on",
        "hsts": "0",
        "challenge": "dns-ovh",
        "server": "https://ca.example/dir",
        "certificate": "",
        "key": "",
    },
    "assets": {"paths": ["/static/"], "keep_days": "14"},
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
_CONFIG = compose_config(Path("/srv/nginx"), 18090)
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
@example({"health": {"path": {"\ud800": 1}}})
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
    assert bool(found.health.command) == (found.health.by == "command")
    assert found.health.asks_a_port or not found.health.port
    assert found.health.asked_as(found.health.how) == found.health
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
@given(path=st.text("/a.-~$;{}\"'\\ \n#", min_size=1) | ODD, host=st.text("aA.-~*$;{} \n") | ODD)
@example("/a", "a.example\n")
@example("/a/", "~^.*$")
def test_what_nginx_is_told_has_no_sign_of_its_own(path: str, host: str) -> None:
    block = {
        "services": {"ui": {"path": path, "host": host, "port": 1}},
        "assets": {"paths": [path]},
    }
    try:
        found = read_x_fream(block, Path("/"))
    except ConfigurationError as error:
        assert "x-fream." in error.why
        return
    told = f"{found.services['ui'].path}{found.assets.paths[0]}{found.services['ui'].host}"
    assert re.fullmatch(r"[A-Za-z0-9/._~@+-]+", told)


@X_FREAM.holds
@given(host=st.text("aA1.-_*: /ü\u3002\n", max_size=12) | ODD)
@example(host="a.example\n")
def test_a_host_is_a_name_that_may_stand_in_a_path_or_is_refused(host: str) -> None:
    block = {"tls": {"hosts": host, "challenge": "dns-ovh", "server": "https://ca.example"}}
    try:
        found = read_x_fream(block, Path("/")).tls.hosts
    except ConfigurationError as error:
        assert "x-fream.tls.hosts" in error.why
        return
    assert all(re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*", name) for name in found)
    assert read_x_fream({"tls": {**block["tls"], "hosts": found}}, Path("/")).tls.hosts == found


@X_FREAM.holds
@given(words=st.lists(st.text("abc $'\"\\#-é", min_size=1), min_size=1, max_size=5))
def test_the_words_of_a_hook_are_what_was_quoted(words: list[str]) -> None:
    """As Compose prints them: each $ twice."""
    run = " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in words)
    block = {"hooks": {"before_start": [{"run": run.replace("$", "$$")}]}}

    (hook,) = read_x_fream(block, Path("/")).hooks.before_start

    assert isinstance(hook, Hook)
    assert hook.run == tuple(words)


@KEPT.holds
@given(block=mutated({name: value for name, value in BLOCK.items() if name != "services"}))
def test_settings_that_were_kept_are_read_back_without_commands(block: Any, folder: Path) -> None:
    (folder / ".fream").mkdir(exist_ok=True)
    blocks = block if isinstance(block, dict) else {}
    try:
        settings = parse({**_CONFIG, "x-fream": blocks}, folder)
    except (ConfigurationError, ValueError):  # half a surrogate is no text
        return

    remember(settings)

    without = {"hooks": Hooks(), "secrets": Secrets(), "required": {}}
    switch = settings.switch.model_copy(update=without)
    assert recall(folder) == settings.model_copy(update={"switch": switch})


@KEPT.holds
@given(text=ODD | st.binary(max_size=50))
@example(text="[" * 100_000)
def test_whatever_is_in_their_place_is_none(text: str | bytes, folder: Path) -> None:
    (folder / ".fream").mkdir(exist_ok=True)
    raw = text if isinstance(text, bytes) else text.encode(errors="replace")
    (folder / ".fream" / "settings.json").write_bytes(raw)

    assert recall(folder) is None
