"""The x-fream block is checked up front; each complaint names its key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.x_fream import read_x_fream


def complaint(folder: Path, **x_fream: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_x_fream(x_fream, folder)
    assert caught.value.exit_code == 3
    return f"{caught.value.what} {caught.value.why} {caught.value.next_step}"


@pytest.mark.parametrize(
    "value",
    ["", "5", 5, 0, "0s", "0ms", "-1s", "5 s", "1m30s", "5sec", "1d", "25h", "s", "1,5s"],
)
def test_anything_else_is_no_duration_and_is_told_with_its_key(
    tmp_path: Path, value: object
) -> None:
    said = complaint(tmp_path, health={"timeout": value})

    assert "x-fream.health.timeout" in said


@pytest.mark.parametrize("value", ["61m", "1.1h", "3601s"])
def test_a_drain_that_nginx_would_cut_off_is_refused(tmp_path: Path, value: str) -> None:
    said = complaint(tmp_path, drain={"timeout": value})

    assert "x-fream.drain.timeout" in said
    assert "1h" in said


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"helth": {}}, "x-fream.helth is not a setting; did you mean x-fream.health?"),
        ({"zzz": {}}, "x-fream.zzz is not a setting"),
        ({"hooks": {"befor_start": []}}, "did you mean x-fream.hooks.before_start?"),
        ({"health": {"pat": "/"}}, "x-fream.health.pat is not a setting"),
        ({"drain": {"time": "1s"}}, "x-fream.drain.time is not a setting"),
        ({"health": {"path": "products"}}, "x-fream.health.path"),
        ({"health": {"path": "/a b"}}, "x-fream.health.path"),
        ({"health": {"path": ""}}, "x-fream.health.path"),
        ({"health": {"path": 8080}}, "x-fream.health.path"),
        ({"health": {"successes": 0}}, "x-fream.health.successes"),
        ({"health": {"successes": "many"}}, "x-fream.health.successes"),
        ({"health": "/products"}, "x-fream.health"),
        ({"health": {"by": "command"}}, "by command: say which, such as command: [./check]"),
        ({"health": {"command": "ls"}}, 'x-fream.health.command: "ls" is only for by command'),
        ({"health": {"by": "docker", "port": 80}}, "80 is only for by http or tcp or grpc, not"),
        ({"health": {"service": "cart"}}, 'x-fream.health.service: "cart" is only for by grpc'),
        ({"health": {"by": "grpc", "service": "a b"}}, 'x-fream.health.service: "a b" must be one'),
        ({"health": {"by": "ftp"}}, "must be http, tcp, grpc, docker or command"),
        ({"pull": "never"}, "x-fream.pull"),
        ({"health": {"statuses": ["2xx"]}}, "x-fream.health.statuses"),
        ({"health": {"statuses": ["299-200"]}}, "ends before it begins"),
        ({"hooks": {"after_failure": [{"run": "cd /srv && ./tell"}]}}, "has &&, and no shell"),
        ({"hooks": {"after_failure": [{"run": "./tell 2>&1"}]}}, "has 2>&1, and no shell"),
        ({"health": {"statuses": [99]}}, "x-fream.health.statuses"),
        ({"health": {"body": "("}}, "x-fream.health.body"),
        ({"health": {"body": "(((a{1000}){1000}){1000})"}}, "repeats more than 100,000 times"),
        ({"health": {"body": "a{,9999999}"}}, "repeats more than 100,000 times"),
        ({"health": {"host": "a b"}}, "x-fream.health.host"),
        ({"warm_up": {"paths": ["x"]}}, "x-fream.warm_up.paths"),
        ({"warm_up": {"concurrency": 0}}, "x-fream.warm_up.concurrency"),
    ],
)
def test_a_setting_that_is_not_valid_is_told_with_its_key(
    tmp_path: Path, settings: dict[str, Any], key: str
) -> None:
    assert key in complaint(tmp_path, **settings)


def test_only_who_sets_a_pattern_waits_for_the_library_that_bounds_it() -> None:
    setting = """
import sys
from pathlib import Path
from fream_compose.project.x_fream import read_x_fream
from fream_compose.operations import health
for body in ("", "UP"):
    read_x_fream({"health": {"body": body}}, Path())
    print("regex" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", setting], capture_output=True, check=True)

    assert run.stdout.split() == [b"False", b"True"]


def test_every_complaint_is_told_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, pull="never", health={"timeout": "5"})

    assert "x-fream.pull" in said
    assert "x-fream.health.timeout" in said


def test_a_required_variable_that_is_empty_is_named(tmp_path: Path) -> None:
    said = complaint(tmp_path, required={"MYSQL_PASSWORD": "", "MYSQL_ROOT_PASSWORD": "set"})

    assert "MYSQL_PASSWORD must not be empty" in said
    assert ".env" in said
    assert "MYSQL_ROOT_PASSWORD" not in said
