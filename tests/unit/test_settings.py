"""Settings are checked up front; each complaint names its key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.release import SetName, repository
from fream_compose.settings import Settings, duration, parse
from tests.fakes.stage import compose_config, pick_ports


def read(folder: Path, **x_fream: Any) -> Settings:
    return parse(compose_config(folder / "nginx", 18090, **x_fream), folder)


def complaint(folder: Path, **x_fream: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, **x_fream)
    assert caught.value.exit_code == 3
    return f"{caught.value.what} {caught.value.why} {caught.value.next_step}"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("5s", 5), ("1.5m", 90), ("1h", 3600), (" 2s ", 2), ("24h", 86400)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


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
        ({"helth": {}}, "x-fream.helth is not a setting"),
        ({"health": {"pat": "/"}}, "x-fream.health.pat is not a setting"),
        ({"drain": {"time": "1s"}}, "x-fream.drain.time is not a setting"),
        ({"health": {"path": "products"}}, "x-fream.health.path"),
        ({"health": {"path": "/a b"}}, "x-fream.health.path"),
        ({"health": {"path": ""}}, "x-fream.health.path"),
        ({"health": {"path": 8080}}, "x-fream.health.path"),
        ({"health": {"successes": 0}}, "x-fream.health.successes"),
        ({"health": {"successes": "many"}}, "x-fream.health.successes"),
        ({"health": "/products"}, "x-fream.health"),
        ({"pull": "never"}, "x-fream.pull"),
        ({"health": {"statuses": ["2xx"]}}, "x-fream.health.statuses"),
        ({"health": {"statuses": [99]}}, "x-fream.health.statuses"),
        ({"health": {"body": "("}}, "x-fream.health.body"),
        ({"health": {"host": "a b"}}, "x-fream.health.host"),
        ({"warm_up": {"paths": ["x"]}}, "x-fream.warm_up.paths"),
        ({"warm_up": {"concurrency": 0}}, "x-fream.warm_up.concurrency"),
    ],
)
def test_a_setting_that_is_not_valid_is_told_with_its_key(
    tmp_path: Path, settings: dict[str, Any], key: str
) -> None:
    assert key in complaint(tmp_path, **settings)


def test_every_complaint_is_told_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, pull="never", health={"timeout": "5"})

    assert "x-fream.pull" in said
    assert "x-fream.health.timeout" in said


def test_a_required_variable_that_is_empty_is_named(tmp_path: Path) -> None:
    said = complaint(tmp_path, required={"MYSQL_PASSWORD": "", "MYSQL_ROOT_PASSWORD": "set"})

    assert "MYSQL_PASSWORD must not be empty" in said
    assert ".env" in said
    assert "MYSQL_ROOT_PASSWORD" not in said


def test_what_compose_prints_as_null_is_the_default(tmp_path: Path) -> None:
    """An empty list or mapping comes out of Compose as null."""
    assert read(tmp_path, warm_up={"paths": None}, health=None).switch.warm_up.paths == ()


def test_without_settings_the_defaults_hold(tmp_path: Path) -> None:
    switch = read(tmp_path).switch

    assert switch.health.path == "/products"
    assert switch.health.timeout == timedelta(seconds=100)
    assert switch.pull == "always"


def test_the_services_say_where_everything_is(tmp_path: Path) -> None:
    settings = read(tmp_path)

    assert settings.project == "shop"
    assert settings.image == "127.0.0.1:5000/fream"
    assert settings.infra == ("mysql", "nginx")
    assert settings.control_port == 18090
    assert settings.sets[SetName.SET1].stop_seconds == 70
    assert settings.set_of("set2") is SetName.SET2
    assert settings.set_of("nginx") is None
    assert all("18090" not in url for url in settings.http_urls)


def _without_control(config: dict[str, Any]) -> None:
    config["services"]["nginx"]["ports"].pop()


def _without_name(config: dict[str, Any]) -> None:
    del config["services"]["set1"]["container_name"]


def _without_set(config: dict[str, Any]) -> None:
    del config["services"]["set2"]


def _without_mount(config: dict[str, Any]) -> None:
    config["services"]["nginx"]["volumes"] = []


def _with_a_range(config: dict[str, Any]) -> None:
    config["services"]["set1"]["ports"][0]["published"] = "8081-8083"


@pytest.mark.parametrize(
    "spoil",
    [
        _without_control,
        _without_name,
        _without_set,
        _without_mount,
        _with_a_range,
    ],
)
def test_compose_files_that_lack_something_are_told(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    config = compose_config(tmp_path / "nginx", 18090)
    spoil(config)

    with pytest.raises(ConfigurationError):
        parse(config, tmp_path)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("fream", "fream"),
        ("fream:1.0", "fream"),
        ("127.0.0.1:5000/fream:none", "127.0.0.1:5000/fream"),
        ("127.0.0.1:5000/fream", "127.0.0.1:5000/fream"),
        ("r.example/a/b:1.0@sha256:00", "r.example/a/b"),
    ],
)
def test_a_repository_is_an_image_without_tag_and_digest(image: str, name: str) -> None:
    assert repository(image) == name


def test_a_dollar_of_a_hook_is_for_its_shell(tmp_path: Path) -> None:
    hook = {"run": ["sh", "-c", "echo $$FREAM_VERSION"]}
    config = compose_config(tmp_path, 18090, hooks={"before_start": [hook], "after_failure": None})

    hooks = parse(config, tmp_path).switch.hooks

    assert hooks.before_start[0].run == ("sh", "-c", "echo $FREAM_VERSION")
    assert hooks.after_failure == ()


def test_a_port_that_is_left_to_docker_is_none(tmp_path: Path) -> None:
    config = compose_config(tmp_path, 18090)
    pick_ports(config)

    settings = parse(config, tmp_path)

    assert [spec.port for spec in settings.sets.values()] == [0, 0]
    assert settings.control_port == 0
    assert settings.http_urls == ()


def test_a_port_of_the_owners_is_not_taken_for_nginxs_own(tmp_path: Path) -> None:
    """A file beside compose.yaml may publish more of a service."""
    config = compose_config(tmp_path, 18090)
    for service in ("nginx", "set1"):
        more = {"host_ip": "", "published": "9443", "target": 443}
        config["services"][service]["ports"].append(more)

    settings = parse(config, tmp_path)

    assert settings.control_port == 18090
    assert settings.sets[SetName.SET1].inner_port == 8081
    assert ("", 9443, 443) in settings.addresses["nginx"]


@pytest.mark.parametrize(
    "profiles", [["set1", "set2"], ["infra", "set2"], ["tools", "set1", "infra"]]
)
def test_a_service_in_two_places_is_refused_by_name(tmp_path: Path, profiles: list[str]) -> None:
    config = compose_config(tmp_path, 18090)
    config["services"]["mailer"] = {"profiles": profiles, "image": "mailer"}

    with pytest.raises(ConfigurationError) as caught:
        parse(config, tmp_path)

    assert "The service mailer is in the profiles" in caught.value.what
    assert all(name in caught.value.what for name in profiles if name != "tools")


def test_a_service_in_one_place_and_in_a_profile_of_the_owners_is_fine(tmp_path: Path) -> None:
    config = compose_config(tmp_path, 18090)
    config["services"]["mailer"] = {"profiles": ["set1", "tools"], "image": "mailer"}

    assert parse(config, tmp_path).sets[SetName.SET1].services == ("set1", "mailer")


def test_each_service_of_a_set_has_its_own_time_to_stop(tmp_path: Path) -> None:
    """They may stop one after the other; a service that says nothing has Docker's 10 s."""
    config = compose_config(tmp_path, 18090)
    for name, grace in (("mailer", "5m"), ("indexer", None)):
        said = {"stop_grace_period": grace} if grace else {}
        config["services"][name] = {"profiles": ["set1"], "image": name, **said}

    spec = parse(config, tmp_path).sets[SetName.SET1]

    assert spec.grace == 70
    assert spec.stop_seconds == 70 + 300 + 10


@pytest.mark.parametrize(
    ("kind", "source", "data"),
    [("bind", "/srv/mysql", "/srv/mysql"), ("volume", "mysql-data", "shop_mysql-data")],
)
def test_where_mysqls_data_is_on_this_server(
    tmp_path: Path, kind: str, source: str, data: str
) -> None:
    config = compose_config(tmp_path, 18090)
    assert parse(config, tmp_path).data == ""

    volumes = [{"type": kind, "source": source, "target": "/var/lib/mysql"}]
    config["services"]["mysql"]["volumes"] = volumes
    config["volumes"] = {"mysql-data": {"name": "shop_mysql-data"}}

    assert parse(config, tmp_path).data == data


def test_networks_and_the_names_in_them_are_known(tmp_path: Path) -> None:
    config = compose_config(tmp_path, 18090)
    config["networks"] = {"default": {"name": "shop"}, "edge": {"name": "edge", "external": True}}
    config["services"]["nginx"]["networks"] = {"default": {"aliases": ["web"]}, "edge": None}

    settings = parse(config, tmp_path)

    assert settings.networks == ("shop", "edge")
    assert settings.aliases == {"web"}
