"""What Compose prints becomes settings; what is lacking is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.image_reference import ImageReference
from fream_compose.project.compose_config import parse
from fream_compose.project.settings import Settings
from fream_compose.release import SetName
from tests.fakes.stage import compose_config, pick_ports


def read(folder: Path, **x_fream: Any) -> Settings:
    return parse(compose_config(folder / "nginx", 18090, **x_fream), folder)


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


def _without(service: str, key: str) -> Callable[[dict[str, Any]], None]:
    def spoil(config: dict[str, Any]) -> None:
        del config["services"][service][key]

    return spoil


def _without_service(name: str) -> Callable[[dict[str, Any]], None]:
    def spoil(config: dict[str, Any]) -> None:
        del config["services"][name]

    return spoil


def _without_services(config: dict[str, Any]) -> None:
    del config["services"]


def _without_control(config: dict[str, Any]) -> None:
    config["services"]["nginx"]["ports"].pop()


def _without_mount(config: dict[str, Any]) -> None:
    config["services"]["nginx"]["volumes"] = [{"source": "/srv", "target": "/srv"}]


def _with_a_range(service: str) -> Callable[[dict[str, Any]], None]:
    def spoil(config: dict[str, Any]) -> None:
        config["services"][service]["ports"][0]["published"] = "8081-8083"

    return spoil


@pytest.mark.parametrize(
    ("spoil", "lacking"),
    [
        (_without_services, "There is no service nginx"),
        (_without_service("nginx"), "There is no service nginx"),
        (_without_service("set1"), "There is no service set1"),
        (_without_service("set2"), "There is no service set2"),
        (_without("nginx", "container_name"), "The service nginx needs container_name"),
        (_without("set1", "container_name"), "The service set1 needs container_name"),
        (_without("set2", "container_name"), "The service set2 needs container_name"),
        (_without("nginx", "image"), "The service nginx needs image"),
        (_without("set1", "image"), "The service set1 needs image"),
        (_without("set2", "image"), "The service set2 needs image"),
        (_without("set1", "ports"), "The service set1 needs a port"),
        (_without("nginx", "ports"), "The service nginx needs its control port 8090"),
        (_without_control, "The service nginx needs its control port 8090"),
        (_without("nginx", "volumes"), "mounted at /etc/nginx"),
        (_without_mount, "mounted at /etc/nginx"),
        (_with_a_range("set2"), "The service set2 needs a single port"),
        (_with_a_range("mysql"), "The service mysql needs a single port"),
    ],
)
def test_what_the_compose_files_lack_is_named_with_its_service(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], lacking: str
) -> None:
    config = compose_config(tmp_path / "nginx", 18090)
    spoil(config)

    with pytest.raises(ConfigurationError) as caught:
        parse(config, tmp_path)

    assert caught.value.exit_code == 3
    assert lacking in caught.value.why


def test_a_bug_of_ours_is_not_blamed_on_the_compose_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_image: str) -> str:
        raise TypeError("a bug")

    monkeypatch.setattr("fream_compose.project.compose_config.ImageReference.parse", broken)

    with pytest.raises(TypeError):
        read(tmp_path)


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
    assert ImageReference.parse(image).name == name


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
    assert all("9443" not in url for url in settings.http_urls), "who asks there must speak TLS"


def test_users_find_https_at_its_port_which_browsers_know(tmp_path: Path) -> None:
    tls = {"hosts": "shop.example.com,www.example.com", "email": ""}

    def urls(published: str) -> tuple[str, ...]:
        config = compose_config(tmp_path, 18090, tls=tls)
        port = {"host_ip": "", "published": published, "target": 443}
        config["services"]["nginx"]["ports"].append(port)
        return parse(config, tmp_path).https_urls

    assert urls("443") == ("https://shop.example.com", "https://www.example.com")
    assert urls("8443") == ("https://shop.example.com:8443", "https://www.example.com:8443")
    assert parse(compose_config(tmp_path, 18090), tmp_path).https_urls == ()


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


@pytest.mark.parametrize(
    "limit", [{"pids_limit": 200}, {"deploy": {"resources": {"limits": {"pids": 200}}}}]
)
def test_a_limit_of_processes_is_known_wherever_it_stands(
    tmp_path: Path, limit: dict[str, Any]
) -> None:
    config = compose_config(tmp_path / "nginx", 18090)
    config["services"]["set1"] |= {**limit, "read_only": True, "cap_drop": ["CAP_CHOWN"]}

    confined = parse(config, tmp_path).services["set1"].confined

    assert confined == {"pids_limit 200", "read_only", "cap_drop CHOWN"}


def test_what_has_no_profile_starts_with_infra_as_compose_has_it(tmp_path: Path) -> None:
    config = compose_config(tmp_path / "nginx", 18090)
    config["services"]["cache"] = {"image": "valkey:8", "profiles": []}
    config["services"]["queue"] = {"image": "rabbitmq:4"}
    config["services"]["tool"] = {"image": "tool:1", "profiles": ["tools"]}

    assert parse(config, tmp_path).infra == ("mysql", "nginx", "cache", "queue")


@pytest.mark.parametrize("service", ["set2", "set2-ui"])
def test_an_image_that_follows_the_other_set_is_refused(tmp_path: Path, service: str) -> None:
    """As happens where one set's services are copied from the other's."""
    config = compose_config(tmp_path / "nginx", 18090, beside=("ui",))
    (tmp_path / ".env").write_text("SET1_VERSION=1.0\n", "utf-8")
    config["services"][service]["image"] = "shop:fream.set1.version"

    with pytest.raises(ConfigurationError) as caught:
        parse(config, tmp_path)

    assert caught.value.what == f"The image of {service} has SET1_VERSION for its tag"
    assert caught.value.next_step == "Write ${SET2_VERSION} there, in app.yaml"


def test_a_port_of_udp_is_another_one_and_nobody_connects_to_it(tmp_path: Path) -> None:
    config = compose_config(tmp_path / "nginx", 18090)
    plain = {"host_ip": "", "published": "443", "target": 443, "protocol": "tcp"}
    config["services"]["nginx"]["ports"] += [plain, {**plain, "protocol": "udp"}]
    config["services"]["set1"]["ports"].insert(0, {**plain, "published": "5-9", "protocol": "udp"})

    settings = parse(config, tmp_path)

    assert {":443:443", ":443:443/udp"} <= settings.services["nginx"].published
    assert [a.inner for a in settings.addresses["nginx"]].count(443) == 1
    assert settings.sets[SetName.SET1].inner_port == 8081
