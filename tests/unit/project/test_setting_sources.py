"""The settings in force: each value with where it comes from, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fream_compose.project.compose_config import parse
from fream_compose.project.durations import duration
from fream_compose.project.setting_sources import Setting, as_yaml, effective
from tests.fakes.stage import compose_config

ENV = {"IMAGE_REGISTRY": ".env", "HEALTH_CHECK_POINT": ".env", "PULL_POLICY": "shell"}


def tree(tmp_path: Path, values: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """What is in force. values, raw: x-fream with its variables filled in, and not."""
    config = compose_config(tmp_path, 18090, **values)
    template = compose_config(tmp_path, 18090, **raw)
    image = "${IMAGE_REGISTRY:-127.0.0.1:5000}/${IMAGE_NAME:-fream}:${SET1_VERSION:-none}"
    template["services"]["set1"]["image"] = image
    return effective(parse(config, tmp_path), template, lambda name: ENV.get(name, ""))


def test_a_value_names_the_variable_of_env_that_set_it(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        {"health": {"path": "/up"}},
        {"health": {"path": "${HEALTH_CHECK_POINT:-/products}"}},
    )

    assert found["x-fream"]["health"]["path"] == Setting("/up", ".env", ("HEALTH_CHECK_POINT",))
    assert found["image"] == Setting("127.0.0.1:5000/fream", ".env", ("IMAGE_REGISTRY",))


def test_a_value_names_the_variable_that_could_set_it(tmp_path: Path) -> None:
    found = tree(
        tmp_path, {"drain": {"timeout": "60s"}}, {"drain": {"timeout": "${DRAIN_TIMEOUT:-60s}"}}
    )

    setting = found["x-fream"]["drain"]["timeout"]
    assert setting == Setting("1m", "compose", ("DRAIN_TIMEOUT",))
    assert str(setting) == "Compose files; DRAIN_TIMEOUT is not set"


def test_a_value_of_the_shell_and_one_of_nobody_say_so(tmp_path: Path) -> None:
    found = tree(tmp_path, {"pull": "missing"}, {"pull": "${PULL_POLICY:-always}"})["x-fream"]

    assert str(found["pull"]) == "shell: PULL_POLICY"
    assert str(found["cut_over"]["timeout"]) == "fream's default"


def test_an_escaped_dollar_is_no_variable(tmp_path: Path) -> None:
    hooks = {"after_failure": [{"run": "sh -c 'echo $$FREAM_VERSION'"}]}
    found = tree(tmp_path, {"hooks": hooks}, {"hooks": hooks})

    assert found["x-fream"]["hooks"]["after_failure"].variables == ()


def test_no_secret_is_shown(tmp_path: Path) -> None:
    values = {
        "required": {"MYSQL_PASSWORD": "hunter2"},
        "hooks": {"after_cut_over": [{"run": "notify hunter2"}]},
    }
    raw = {
        "required": {"MYSQL_PASSWORD": "${MYSQL_PASSWORD}"},
        "hooks": {"after_cut_over": [{"run": "notify ${CHAT_TOKEN}"}]},
    }
    found = tree(tmp_path, values, raw)

    assert "hunter2" not in "\n".join(as_yaml(found))
    assert found["x-fream"]["required"]["MYSQL_PASSWORD"].value == "set"
    assert found["x-fream"]["hooks"]["after_cut_over"].value == "(hidden)"


def test_the_yaml_holds_the_values_as_compose_would_read_them(tmp_path: Path) -> None:
    values = {
        "health": {"statuses": ["200-299", 401], "body": "ready: [yes] # '한국'", "timeout": "90s"},
        "warm_up": {"paths": ["/a,b", "/c"]},
    }
    found = yaml.safe_load("\n".join(as_yaml(tree(tmp_path, values, values))))

    health = found["x-fream"]["health"]
    assert health["statuses"] == ["200-299", "401"]
    assert health["body"] == "ready: [yes] # '한국'"
    assert duration(health["timeout"]) == duration("90s")
    assert found["x-fream"]["warm_up"]["paths"] == ["/a,b", "/c"]


def test_where_a_key_is_is_no_secret_and_can_be_written_down(tmp_path: Path) -> None:
    tls = {"hosts": "shop.example.com", "certificate": "tls/a.pem", "key": "tls/a.key"}
    raw = {"tls": {**tls, "key": "${TLS_KEY:-}"}}

    found = yaml.safe_load("\n".join(as_yaml(tree(tmp_path, {"tls": tls}, raw))))

    assert found["x-fream"]["tls"]["key"] == "tls/a.key"
    assert found["x-fream"]["tls"]["hosts"] == ["shop.example.com"]


def test_how_long_secrets_may_take_is_no_secret(tmp_path: Path) -> None:
    given = {"secrets": {"run": ["./vault", "hunter2"], "timeout": "20s"}}

    found = tree(tmp_path, given, given)["x-fream"]["secrets"]

    assert (found["run"].value, found["timeout"].value) == ("(hidden)", "20s")
